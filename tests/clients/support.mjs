// Starts our programs on free ports and stops exactly those it started.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const bin = process.env.BROWNOUT_BIN;

function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
}

// The first line of `stream` that `accept` turns into something; rejects when the program ends before, or says nothing of the kind.
function line(child, stream, accept) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const patience = setTimeout(() => reject(new Error(`not ready after 30 s; it said: ${seen.join('\n')}`)), 30000);
    patience.unref();
    createInterface({ input: stream }).on('line', (text) => {
      seen.push(text);
      let value;
      try { value = accept(JSON.parse(text)); } catch { /* words for people */ }
      if (value) resolve(value);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready: ${seen.join('\n')}`)));
  });
}

export async function simulator(providers) {
  const folder = mkdtempSync(join(tmpdir(), 'clients-'));
  const file = join(folder, 'scenario.json');
  writeFileSync(file, JSON.stringify({ providers }));
  const child = spawn(join(bin, 'simulator'), ['serve', '--scenario', file, '--port', '0', '--control-port', '0', '--seed', '7'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await line(child, child.stdout, (json) => (json.ready ? json : undefined));
  return {
    providers: ready.providers,
    key: (provider, label = 'key-a') => ready.providers[provider].credentials[label],
    async rules(provider, rules) {
      const reply = await fetch(`${ready.control}/rules`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ changes: [{ provider, op: 'replace', rules }] }) });
      if (!reply.ok) throw new Error(await reply.text());
    },
    async attempts() {
      const reply = await (await fetch(`${ready.control}/journal?since=0`)).json();
      return reply.events.filter((event) => event.event === 'attempt');
    },
    async stop() {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function gateway(config, env) {
  const folder = mkdtempSync(join(tmpdir(), 'clients-'));
  const file = join(folder, 'gateway.json');
  writeFileSync(file, JSON.stringify({ listen: '127.0.0.1:0', admin: '127.0.0.1:0', state: join(folder, 'state.db'), ...config }));
  const child = spawn(join(bin, 'gateway'), ['run', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  const ready = await line(child, child.stderr, (json) => (json.event === 'ready' ? json : undefined));
  return {
    url: `http://${ready.listen}`,
    async stop() {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const weather = { name: 'get_weather', description: 'the weather', schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
