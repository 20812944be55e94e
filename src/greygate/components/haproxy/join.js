// The invitation is in the fragment, which a browser never sends: #token=…&peer=…&peer=…&ca=…
const invitation = new URLSearchParams(location.hash.slice(1));
for (const place of document.querySelectorAll("[data-of]")) {
    const values = invitation.getAll(place.dataset.of);
    if (values.length) place.replaceChildren(...values.map(line));
}
function line(text) {
    const code = document.createElement("code");
    code.textContent = text;
    code.tabIndex = 0;
    code.addEventListener("click", () => copy(code));
    code.addEventListener("keydown", (event) => event.key === "Enter" && copy(code));
    return code;
}
async function copy(code) {
    getSelection().selectAllChildren(code);
    await navigator.clipboard.writeText(code.textContent);
    code.classList.add("copied");
}
addEventListener("hashchange", () => location.reload());
