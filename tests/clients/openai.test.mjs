// The official OpenAI SDK, both major lines, against the simulator.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI6 from 'openai';
import OpenAI7 from 'openai-7';
import { simulator, weather } from './support.mjs';

let sim;
before(async () => { sim = await simulator({ acme: { dialect: 'openai-chat', credentials: ['key-a'], models: ['gpt-4.1-nano', 'text-embedding-3-small'] } }); });
after(() => sim?.stop());

const messages = [{ role: 'user', content: 'hi' }];
const model = 'gpt-4.1-nano';

for (const [name, OpenAI] of [['openai 6', OpenAI6], ['openai 7', OpenAI7]]) {
  describe(name, () => {
    const client = (options = {}) => new OpenAI({ apiKey: sim.key('acme'), baseURL: sim.providers.acme.base_url, maxRetries: 0, ...options });
    const tools = [{ type: 'function', function: { name: weather.name, parameters: weather.schema } }];

    test('chat', async () => {
      await sim.rules('acme', [{ reply: { text: 'pong' } }]);
      const { data, request_id: id } = await client().chat.completions.create({ model, messages }).withResponse();
      assert.equal(data.choices[0].message.content, 'pong');
      assert.equal(data.choices[0].finish_reason, 'stop');
      assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
      assert.match(id, /^req_/);
    });

    test('stream with usage', async () => {
      await sim.rules('acme', [{ reply: { text: 'one two three' } }]);
      const pieces = [];
      let usage;
      for await (const chunk of await client().chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
        if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
        usage = chunk.usage ?? usage;
      }
      assert.deepEqual(pieces, ['one', ' two', ' three']);
      assert.equal(usage.completion_tokens, 3);
    });

    test('tools, whole and streamed in pieces', async () => {
      await sim.rules('acme', []);
      const whole = await client().chat.completions.create({ model, messages, tools, tool_choice: 'required' });
      assert.equal(whole.choices[0].finish_reason, 'tool_calls');
      assert.deepEqual(JSON.parse(whole.choices[0].message.tool_calls[0].function.arguments), { city: 'example' });
      let pieces = 0;
      const runner = client().chat.completions.stream({ model, messages, tools, tool_choice: 'required' });
      runner.on('chunk', (chunk) => { pieces += chunk.choices[0]?.delta.tool_calls ? 1 : 0; });
      const final = await runner.finalChatCompletion();
      assert.equal(final.choices[0].message.tool_calls[0].function.arguments, '{"city":"example"}');
      assert.ok(pieces >= 3, `${pieces} pieces`);
    });

    test('responses, whole and streamed', async () => {
      await sim.rules('acme', [{ reply: { text: 'pong pong' } }]);
      const whole = await client().responses.create({ model, input: 'hi' });
      assert.equal(whole.output_text, 'pong pong');
      const types = [];
      for await (const event of await client().responses.create({ model, input: 'hi', stream: true })) types.push(event.type);
      assert.equal(types[0], 'response.created');
      assert.equal(types.filter((type) => type === 'response.output_text.delta').length, 2);
      assert.equal(types.at(-1), 'response.completed');
    });

    test('models and embeddings', async () => {
      await sim.rules('acme', []);
      const ids = [];
      for await (const each of client().models.list()) ids.push(each.id);
      assert.deepEqual(ids, ['gpt-4.1-nano', 'text-embedding-3-small']);
      const reply = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'], dimensions: 8 });
      assert.equal(reply.data.length, 2);
      assert.equal(reply.data[1].embedding.length, 8);
      assert.notDeepEqual(reply.data[0].embedding, reply.data[1].embedding);
    });

    for (const [family, type, status, code] of [
      ['400', 'BadRequestError', 400, null], ['400-context', 'BadRequestError', 400, 'context_length_exceeded'], ['401', 'AuthenticationError', 401, 'invalid_api_key'],
      ['402', 'APIError', 402, 'insufficient_credits'], ['403', 'PermissionDeniedError', 403, 'forbidden'], ['404-model', 'NotFoundError', 404, 'model_not_found'],
      ['429', 'RateLimitError', 429, 'rate_limit_exceeded'], ['429-billing', 'RateLimitError', 429, 'insufficient_quota'], ['500', 'InternalServerError', 500, null],
      ['502', 'InternalServerError', 502, null], ['503', 'InternalServerError', 503, null], ['529', 'InternalServerError', 529, null]]) {
      test(`${family} raises ${type}`, async () => {
        await sim.rules('acme', [{ fault: family }]);
        await assert.rejects(client().chat.completions.create({ model, messages }), (error) => {
          assert.ok(error instanceof OpenAI[type], error.constructor.name);
          assert.equal(error.status, status);
          assert.equal(error.code, code);
          assert.match(error.requestID, /^req_/);
          return true;
        });
      });
    }

    test('an unknown key and an unknown model are refused', async () => {
      await sim.rules('acme', []);
      await assert.rejects(client({ apiKey: 'sk-wrong' }).chat.completions.create({ model, messages }), OpenAI.AuthenticationError);
      await assert.rejects(client().chat.completions.create({ model: 'gpt-9', messages }), OpenAI.NotFoundError);
    });

    test('its own retry honours our Retry-After', async () => {
      await sim.rules('acme', [{ fault: '429', retry_after: '1s', times: 2 }, { reply: { text: 'pong' } }]);
      const seen = (await sim.attempts()).length;
      const counts = [];
      const fetcher = (url, init) => { counts.push(new Headers(init.headers).get('x-stainless-retry-count')); return fetch(url, init); };
      const reply = await client({ maxRetries: 2, fetch: fetcher }).chat.completions.create({ model, messages });
      assert.equal(reply.choices[0].message.content, 'pong');
      assert.deepEqual(counts, ['0', '1', '2']);
      const attempts = (await sim.attempts()).slice(seen);
      assert.equal(attempts.length, 3);
      assert.deepEqual(attempts.map((each) => each.too_early), [false, false, false]);
    });
  });
}
