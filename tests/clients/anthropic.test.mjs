// The official Anthropic SDK against the simulator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { simulator, weather } from './support.mjs';

let sim;
before(async () => { sim = await simulator({ acme: { dialect: 'anthropic-messages', credentials: ['key-a'], models: ['claude-sim-1'] } }); });
after(() => sim?.stop());

const client = (options = {}) => new Anthropic({ apiKey: sim.key('acme'), baseURL: sim.providers.acme.url, maxRetries: 0, ...options });
const ask = { model: 'claude-sim-1', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const tools = [{ name: weather.name, input_schema: weather.schema }];

test('message', async () => {
  await sim.rules('acme', [{ reply: { text: 'pong' } }]);
  const { data, request_id: id } = await client().messages.create(ask).withResponse();
  assert.equal(data.content[0].text, 'pong');
  assert.equal(data.stop_reason, 'end_turn');
  assert.match(id, /^req_/);
});

test('stream', async () => {
  await sim.rules('acme', [{ reply: { text: 'one two three' } }]);
  const pieces = [];
  const stream = client().messages.stream(ask).on('text', (text) => pieces.push(text));
  const message = await stream.finalMessage();
  assert.deepEqual(pieces, ['one', ' two', ' three']);
  assert.equal(message.usage.output_tokens, 3);
});

test('tools, whole and streamed in pieces', async () => {
  await sim.rules('acme', []);
  const whole = await client().messages.create({ ...ask, tools, tool_choice: { type: 'any' } });
  assert.equal(whole.stop_reason, 'tool_use');
  assert.deepEqual(whole.content[0].input, { city: 'example' });
  const pieces = [];
  const stream = client().messages.stream({ ...ask, tools, tool_choice: { type: 'any' } }).on('inputJson', (piece) => pieces.push(piece));
  assert.deepEqual((await stream.finalMessage()).content[0].input, { city: 'example' });
  assert.ok(pieces.length >= 2, `${pieces.length} pieces`);
});

test('models and token counts', async () => {
  await sim.rules('acme', []);
  const ids = [];
  for await (const each of client().models.list()) ids.push(each.id);
  assert.deepEqual(ids, ['claude-sim-1']);
  const { input_tokens: tokens } = await client().messages.countTokens({ model: ask.model, messages: ask.messages });
  assert.ok(tokens > 0);
});

for (const [family, type, status, word] of [
  ['400', 'BadRequestError', 400, 'invalid_request_error'], ['401', 'AuthenticationError', 401, 'authentication_error'], ['402', 'APIError', 402, 'billing_error'],
  ['403', 'PermissionDeniedError', 403, 'permission_error'], ['404-model', 'NotFoundError', 404, 'not_found_error'], ['429', 'RateLimitError', 429, 'rate_limit_error'],
  ['429-billing', 'BadRequestError', 400, 'invalid_request_error'], ['500', 'InternalServerError', 500, 'api_error'], ['529', 'InternalServerError', 529, 'overloaded_error']]) {
  test(`${family} raises ${type}`, async () => {
    await sim.rules('acme', [{ fault: family }]);
    await assert.rejects(client().messages.create(ask), (error) => {
      assert.ok(error instanceof Anthropic[type], error.constructor.name);
      assert.equal(error.status, status);
      assert.equal(error.error.error.type, word);
      assert.match(error.requestID, /^req_/);
      return true;
    });
  });
}

test('its own retry honours our Retry-After', async () => {
  await sim.rules('acme', [{ fault: '529', times: 1 }, { fault: '429', retry_after: '1s', times: 1 }, { reply: { text: 'pong' } }]);
  const counts = [];
  const fetcher = (url, init) => { counts.push(new Headers(init.headers).get('x-stainless-retry-count')); return fetch(url, init); };
  const seen = (await sim.attempts()).length;
  const message = await client({ maxRetries: 2, fetch: fetcher }).messages.create(ask);
  assert.equal(message.content[0].text, 'pong');
  assert.deepEqual(counts, ['0', '1', '2']);
  assert.deepEqual((await sim.attempts()).slice(seen).map((each) => each.too_early), [false, false, false]);
});
