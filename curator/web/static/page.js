// The terminal of this page: xterm.js, joined to a program by a WebSocket of the page's own origin.
import { Terminal } from "/static/xterm/xterm.js";
import { FitAddon } from "/static/xterm/addon-fit.js";

const FONT = '"DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace';
const ENDED = "The session has ended.";
const LOST = "The connection to curator is lost. What the service had accepted goes on; the rest was stopped.";

const terminal = new Terminal({ fontFamily: FONT, fontSize: 15, scrollback: 0, macOptionIsMeta: true });
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(document.getElementById("terminal"));
fit.fit();
terminal.focus();

const socket = new WebSocket(`ws://${location.host}/terminal`);
socket.binaryType = "arraybuffer";

function send(data) {
  if (socket.readyState === WebSocket.OPEN) socket.send(data);
}

function tellSize() {
  send(JSON.stringify({ columns: terminal.cols, rows: terminal.rows }));
}

socket.onopen = tellSize;
socket.onmessage = (message) => terminal.write(new Uint8Array(message.data));
socket.onclose = (closed) => {
  document.getElementById("why").textContent = closed.code === 1000 ? ENDED : closed.reason || LOST;
  const over = document.getElementById("over");
  over.onclose = () => location.reload();
  over.showModal();
};

terminal.onData((text) => send(new TextEncoder().encode(text)));
terminal.onBinary((text) => send(Uint8Array.from(text, (character) => character.charCodeAt(0))));
terminal.onResize(tellSize);
addEventListener("resize", () => fit.fit());

// "Copy" in a terminal (OSC 52). Reading the clipboard is not answered.
terminal.parser.registerOscHandler(52, (said) => {
  const coded = said.slice(said.indexOf(";") + 1);
  if (coded !== "?") {
    const bytes = Uint8Array.from(atob(coded), (character) => character.charCodeAt(0));
    navigator.clipboard?.writeText(new TextDecoder().decode(bytes)).catch(() => {});
  }
  return true;
});

// The program writes a title only to say its own name; a value must not get into the browser's history.
terminal.parser.registerOscHandler(0, () => true);
terminal.parser.registerOscHandler(2, () => true);
