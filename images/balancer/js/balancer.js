// What a network balancer's nginx does with a connection: each goes to the next target in turn.
//
// An engine for this code is made for each connection and forgets everything with it, so the state
// stands in shared dictionaries, a key a target: choosing looks one up, however many there are. The
// agent gives a new state under a new edition; connections go by the edition that is named last.

import fs from 'fs';

const CLOSED = 'unix:nowhere.sock';

// `ip:port` of the target for this connection; where there is none, a socket that nobody serves.
function choose(session) {
    const state = ngx.shared.state;
    const turns = ngx.shared.turns;
    const port = session.variables.server_port;
    if (!state.get('edition')) {
        // A client was waiting at a socket that was inherited, and came before the agent has spoken.
        store(JSON.parse(fs.readFileSync(`${ngx.prefix}state.json`)));
    }
    const prefix = `${state.get('edition')}/${port}`;
    const count = Number(state.get(`${prefix}/count`) || 0);
    turns.incr(`sessions/${state.get(`${prefix}/group`) || ''}`, 1, 0);
    if (count === 0) {
        return CLOSED;
    }
    const turn = turns.incr(`turn/${port}`, 1, 0);
    return state.get(`${prefix}/${turn % count}`) || CLOSED;
}

function groupOf(listener) {
    return listener.actions[0].groups[0].id;
}

function writeEdition(snapshot, edition) {
    const state = ngx.shared.state;
    for (const port in snapshot.listeners) {
        const group = groupOf(snapshot.listeners[port]);
        const targets = snapshot.groups[group].targets;
        const prefix = `${edition}/${port}`;
        targets.forEach((target, i) => state.set(`${prefix}/${i}`, `${target.ip}:${target.port}`));
        state.set(`${prefix}/group`, group);
        state.set(`${prefix}/count`, String(targets.length));
    }
}

function forgetEdition(edition) {
    const state = ngx.shared.state;
    const prefix = `${edition}/`;
    state.keys(1000000).filter((key) => key.startsWith(prefix)).forEach((key) => state.delete(key));
}

function store(snapshot) {
    const state = ngx.shared.state;
    const earlier = Number(state.get('edition') || 0);
    writeEdition(snapshot, earlier + 1);
    state.set('edition', String(earlier + 1));
    forgetEdition(earlier);
    return 'ok\n';
}

function counters() {
    const found = {};
    let total = 0;
    ngx.shared.turns.keys(100000).filter((key) => key.startsWith('sessions/')).forEach((key) => {
        const group = key.slice('sessions/'.length);
        const sessions = ngx.shared.turns.get(key);
        total += sessions;
        if (group !== '') {
            found[`${group}|requests`] = sessions;
        }
    });
    found.requests = total;
    found.new_connections = total;
    return JSON.stringify({ counters: found }) + '\n';
}

function answerTo(line) {
    const request = JSON.parse(line);
    return request.op === 'counters' ? counters() : store(request);
}

// The agent's side door: a line of JSON in, a line out.
function control(session) {
    let line = '';
    session.on('upload', (data, flags) => {
        line += data;
        if (!line.endsWith('\n') && !flags.last) {
            return;
        }
        try {
            session.variables.reply = answerTo(line);
        } catch (error) {
            session.variables.reply = `refused: ${error.message}\n`;
        }
        session.off('upload');
        session.done();
    });
}

export default { choose, control };
