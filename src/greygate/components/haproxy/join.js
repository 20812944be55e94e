// The invitation is in the fragment, which a browser never sends: #token=…&peer=…&peer=…&ca=…
const invitation = new URLSearchParams(location.hash.slice(1));
const words = document.body.dataset;
for (const place of document.querySelectorAll("[data-of]")) {
    const values = invitation.getAll(place.dataset.of);
    if (values.length) place.replaceChildren(...values.map((it) => element("code", it)));
}
for (const code of document.querySelectorAll("code")) {
    const field = element("div", "");
    code.replaceWith(field);
    const button = element("button", words.copy);
    button.type = "button";
    button.setAttribute("aria-label", `${words.copy} ${code.textContent}`);
    const status = element("p", "");
    status.setAttribute("role", "status");
    button.addEventListener("click", async () => { status.textContent = await copy(code); });
    field.className = "field";
    field.append(code, button, status);
}
async function copy(code) {
    getSelection().selectAllChildren(code);
    try {
        await navigator.clipboard.writeText(code.textContent);
        return words.copied;
    } catch {
        return words.refused;
    }
}
function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
}
addEventListener("hashchange", () => location.reload());
