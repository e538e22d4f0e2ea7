"""Code strings that attributes of VR CS may hold: the enumerated values and defined terms of PS3.3 2026a.

Only attributes are listed whose set is short and the same in every module. An **enumerated** value must be one of
them; **defined terms** may be extended, so that an unknown one is a sign of a typing error, not a proof.
"""

from __future__ import annotations

from typing import Final

from curator.dicom import Json


def _set(words: str) -> frozenset[str]:
    return frozenset(words.replace("\n", " ").split())


_YES_NO: Final = _set("YES NO")

ENUMERATED: Final[dict[str, frozenset[str]]] = {
    "PatientSex": _set("M F O"),  # C.7.1.1
    "Laterality": _set("R L"),  # C.7.3.1
    "ImageLaterality": _set("R L U B"),  # C.7.6.2 and DX
    "FrameLaterality": _set("R L U B"),  # C.7.6.16.2.8
    "PatientIdentityRemoved": _YES_NO,  # C.7.1.1
    "QualityControlSubject": _YES_NO,
    "BurnedInAnnotation": _YES_NO,  # C.7.6.1
    "RecognizableVisualFeatures": _YES_NO,
    "LossyImageCompression": _set("00 01"),  # C.7.6.1.1.5
    "LongitudinalTemporalInformationModified": _set("UNMODIFIED MODIFIED REMOVED"),  # C.12.1.1
    "PresentationLUTShape": _set("IDENTITY INVERSE"),  # C.11.6
    "VerificationFlag": _set("UNVERIFIED VERIFIED"),  # C.17.2
    "CompletionFlag": _set("PARTIAL COMPLETE"),
    "PatientSexNeutered": _set("ALTERED UNALTERED"),  # C.7.1.3
    "ResponsiblePersonRole": _set(
        "OWNER PARENT CHILD SPOUSE SIBLING RELATIVE GUARDIAN CUSTODIAN AGENT INVESTIGATOR VETERINARIAN"
    ),
    "PresentationIntentType": frozenset(("FOR PRESENTATION", "FOR PROCESSING")),  # C.8.11.1
    "AnatomicalOrientationType": _set("BIPED QUADRUPED"),
    "SmokingStatus": _set("YES NO UNKNOWN"),  # C.7.2.2
    "OverlayType": _set("G R"),  # C.9.2
    "PixelIntensityRelationshipSign": _set("1 -1"),
}
"""Enumerated values by keyword."""

DEFINED: Final[dict[str, frozenset[str]]] = {
    # C.7.3.1.1.1, retired terms included: old data holds them
    "Modality": _set(
        """ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL
        IVOCT IVUS KER KO LEN LS M3D MG MR MRS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX
        REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP
        TG US VA XA XAPROTOCOL XC AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPM ST TH VF"""
    ),
    # C.7.6.3.1.2
    "PhotometricInterpretation": _set(
        """MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_PARTIAL_422 YBR_PARTIAL_420 YBR_ICT YBR_RCT HSV ARGB
        CMYK XYB"""
    )
    | {"PALETTE COLOR"},
    # C.7.3.1.1.2
    "PatientPosition": _set("HFP HFS HFDR HFDL FFDR FFDL FFP FFS LFP LFS RFP RFS AFDR AFDL PFDR PFDL"),
    # C.8.6.1
    "ConversionType": _set("DV DI DF WSD SD SI DRW SYN"),
    # C.17.3.2.1 and 10.2 (NUMERIC)
    "ValueType": _set(
        "TEXT NUM NUMERIC CODE DATETIME DATE TIME UIDREF PNAME COMPOSITE IMAGE WAVEFORM SCOORD SCOORD3D TCOORD CONTAINER TABLE"
    ),
    # C.17.3.2.4
    "RelationshipType": frozenset(
        (
            "CONTAINS",
            "HAS OBS CONTEXT",
            "HAS ACQ CONTEXT",
            "HAS CONCEPT MOD",
            "HAS PROPERTIES",
            "INFERRED FROM",
            "SELECTED FROM",
        )
    ),
    # PS3.16 Annex L, Tables L-1 to L-3
    "BodyPartExamined": _set(
        """ABDOMEN ABDOMENPELVIS ACJOINT ACROMIOCLAVJT ADRENAL AMNIOTICFLUID ANKLE ANTERIORCARDIACVEIN ANTERIORCOMMA ANUS
        ANUSRECTUMSIGMD AORTA AORTICARCH AORTICVALVE APPENDIX ARM ARTERY ASCAORTA ASCENDINGCOLON ATRIUM AXILLA AXILLARYARTERY
        AXILLARYVEIN AZYGOSVEIN BACK BILEDUCT BILIARYTRACT BLADDER BODY BONE BOWEL BRACHIALARTERY BRACHIALVEIN BRAIN BREAST
        BRONCHUS BUTTOCK CALCANEUS CALF CAROTID CARPUS CCA CEPHALICVEIN CEREBELLUM CEREBHEMISPHERE CEREBRALARTERY CERVIX
        CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CHOROIDPLEXUS CIRCLEOFWILLIS CLAVICLE COCCYX COLON COMMONILIACA
        COMMONILIACV CORNEA CORONARYARTERY CORONARYSINUS CORONARYVEIN CSPINE CTSPINE DESCAORTA DESCENDINGCOLON DUODENUM EAR ECA
        ELBOW EMBRYO ENDOARTERIAL ENDOCARDIAC ENDOESOPHAGEAL ENDOMETRIUM ENDONASAL ENDORENAL ENDOVASCULAR ENDOVENOUS
        EPIDIDYMIS EPIGASTRIC ESOPHAGUS EXTREMITY EYE EYELID FACE FACIALARTERY FALLOPIANTUBE FEMALEPELVIS FEMORALARTERY
        FEMORALVEIN FEMUR FETALARM FETALDIGIT FETALHEART FETALLEG FETALPOLE FETUS FIBULA FINGER FLANK FONTANEL FOOT FOOTVEIN
        FOREARM FOREFOOT GALLBLADDER GASTRICVEIN GENICULARARTERY GESTSAC GROIN HAND HEAD HEADNECK HEART HEPATICARTERY
        HEPATICVEIN HIP HUMERUS HYPOGASTRIC ICA ILEUM ILIACARTERY ILIACVEIN ILIUM INNOMINATEARTERY INNOMINATEVEIN
        INTERNALIAC INTRACRANIAL IAC JAW JEJUNUM JOINT KIDNEY KNEE LARYNX LEFTATRIUM LEFTVENTRICLE LEG LIVER LOWEREXTREMITY
        LOWERLEG LOWERLIMB LSPINE LSSPINE LUMBARARTERY LUMEN LUNG LYMPHNODE MANDIBLE MASTOID MAXILLA MEDIASTINUM MESENTRICARTERY
        MESENTRICVEIN METATARSUS MITRALVALVE MOUTH NASALBONE NASOPHARYNX NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV
        NOSE OPTICCANAL ORBIT OVARY PANCREAS PARASTERNAL PARATHYROID PAROTID PATELLA PELVIS PENIS PERICARDIUM PERINEUM PHANTOM
        PHARYNX PLACENTA PLEURA POPLITEALARTERY POPLITEALFOSSA POPLITEALVEIN PORTALVEIN PROSTATE PULMONARYARTERY PULMONARYVEIN RADIUS
        RADIUSULNA RECTUM RENALARTERY RENALVEIN RETROPERITONEUM RIB RIGHTATRIUM RIGHTVENTRICLE SACRUM SCAPULA SCJOINT
        SCLERA SCROTUM SELLA SEMINALVESICLE SIJOINT SINUS SKIN SKULL SMALLBOWEL SPINALCORD SPINE SPLEEN SPLENICARTERY
        SPLENICVEIN SSPINE STERNUM STOMACH SUBCLAVIANARTERY SUBCLAVIANVEIN SUBMANDIBULAR SUPRAPUBIC SVC TAIL TARSUS
        TESTIS THIGH THIGHVEIN THORAX THUMB THYMUS THYROID TIBIA TIBIAFIBULA TLSPINE TMJ TOE TONGUE TRACHEA TRUNK TSPINE
        ULNA UMBILICALARTERY UMBILICALVEIN UMBILICUS UPPERARM UPPEREXTREMITY UPPERLEG UPPERLIMB URETER URETHRA UTERUS
        VAGINA VEIN VENTRICLE VERTEBRALARTERY VULVA WHOLEBODY WRIST ZYGOMA"""
    ),
    # C.8.3.1
    "ScanningSequence": _set("SE IR GR EP RM"),
    "SequenceVariant": _set("SK MTC SS TRSS SP MP OSP NONE"),
    "MRAcquisitionType": _set("2D 3D"),
    # C.8.2.1
    "RotationDirection": _set("CW CC"),
    # C.8.9.1
    "DecayCorrection": _set("NONE START ADMIN"),
    "DoseUnits": _set("GY RELATIVE"),
    "DoseType": _set("PHYSICAL EFFECTIVE ERROR"),
    "DoseSummationType": _set(
        "PLAN MULTI_PLAN PLAN_OVERVIEW FRACTION BEAM BRACHY FRACTION_SESSION BEAM_SESSION BRACHY_SESSION CONTROL_POINT RECORD"
    ),
}
"""Defined terms by keyword."""


def terms_of(keyword: str) -> frozenset[str]:
    """Return the enumerated values or defined terms of an attribute; none where none are known."""
    return ENUMERATED.get(keyword) or DEFINED.get(keyword) or frozenset()


def unknown_term(keyword: str, value: Json) -> tuple[bool, str] | None:
    """Return (enumerated, reason) when a value is not among the attribute's terms; None when it is, or none are known."""
    terms = terms_of(keyword)
    if not terms:
        return None
    parts = value if isinstance(value, list) else [value]
    if all(not isinstance(part, str) or not part.strip() or part.strip() in terms for part in parts):
        return None
    if keyword in ENUMERATED:
        shown = ", ".join(sorted(terms))
        return True, f"not one of its enumerated values ({shown})" if len(
            terms
        ) <= 4 else "not an enumerated value"
    return False, "not a defined term"


def respelled(keyword: str, value: str) -> str | None:
    """Return the term that a value spells with other case, spaces or hyphens, None where there is not exactly one."""
    terms = ENUMERATED.get(keyword) or DEFINED.get(keyword) or frozenset()
    squeezed = "".join(each for each in value.upper() if each.isalnum())
    found = [term for term in terms if "".join(each for each in term if each.isalnum()) == squeezed]
    return found[0] if squeezed and len(found) == 1 else None
