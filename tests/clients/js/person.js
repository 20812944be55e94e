// One person at matrix-js-sdk with its Rust cryptography, in Node and in a browser. The acts are
// called as those of tests/lab/people.py: {do: "send", room, text} is answered {done: {...}}, or
// {refused: "why"}.
import { createClient } from "matrix-js-sdk";
import { SlidingSync } from "matrix-js-sdk/lib/sliding-sync.js";

const WITHIN = 30_000; // milliseconds for something to arrive
const LOOK = 25;
const POLL = 5_000; // that the server may hold a request
const MEGOLM = {
    type: "m.room.encryption",
    state_key: "",
    content: { algorithm: "m.megolm.v1.aes-sha2" },
};
const ALL = { timeline_limit: 50, required_state: [["*", "*"]] };

// Node 18 and 20 have none yet.
Promise.withResolvers ??= () => {
    const it = {};
    it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
    return it;
};

const acts = {
    // What Element Web does: whatever URL the answer to the login names, it goes there.
    async login(person, { user, password }) {
        const answer = await createClient({ baseUrl: person.server }).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
        });
        const baseUrl = answer.well_known?.["m.homeserver"]?.base_url ?? person.server;
        person.client = createClient({
            baseUrl,
            accessToken: answer.access_token,
            userId: answer.user_id,
            deviceId: answer.device_id,
        });
        await person.client.initRustCrypto({
            useIndexedDB: "indexedDB" in globalThis,
            cryptoDatabasePrefix: answer.user_id,
        });
        await person.client.startClient({
            pollTimeout: POLL,
            slidingSync: person.sliding ? slidingSync(person.client) : undefined,
        });
        await until(() => ["PREPARED", "SYNCING"].includes(person.client.getSyncState()));
        return { user: answer.user_id, url: person.client.getHomeserverUrl() };
    },

    async create_room({ client }, { invite }) {
        const options = { preset: "trusted_private_chat", invite, initial_state: [MEGOLM] };
        return { room: (await client.createRoom(options)).room_id };
    },

    async join({ client }, { room }) {
        await until(() => client.getRoom(room)?.getMyMembership() === "invite");
        return { room: (await client.joinRoom(room)).roomId };
    },

    async send({ client }, { room, text }) {
        await until(() => client.getRoom(room)?.hasEncryptionStateEvent());
        return { event: (await client.sendTextMessage(room, text)).event_id };
    },

    async read({ client }, { room, text }) {
        const events = () => client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
        const found = await until(() => events().find((it) => it.getContent().body === text));
        return { sender: found.getSender(), decrypted: found.isEncrypted() };
    },

    async on_server({ client }, { room, event }) {
        return { type: (await client.fetchRoomEvent(room, event)).type };
    },
};

export async function act(person, { do: name, ...wish }) {
    try {
        return { done: await acts[name](person, wish) };
    } catch (why) {
        return { refused: `${why}` };
    }
}

function slidingSync(client) {
    const lists = new Map([["all", { ...ALL, ranges: [[0, 99]] }]]);
    return new SlidingSync(client.getHomeserverUrl(), lists, ALL, client, POLL);
}

async function until(condition) {
    const end = Date.now() + WITHIN;
    for (;;) {
        const found = condition();
        if (found) return found;
        if (Date.now() > end) throw new Error(`not within ${WITHIN / 1000} s: ${condition}`);
        await new Promise((wake) => setTimeout(wake, LOOK));
    }
}
