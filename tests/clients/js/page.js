// A person in a browser: the page's query says where, its `act` is called by whoever drives it.
import { act } from "./person.js";

const asked = new URLSearchParams(location.search);
const person = { server: asked.get("server"), sliding: asked.has("sliding") };
window.act = (wish) => act(person, wish);
