// The official SDKs through the gateway to the simulator, in each upstream dialect: chat, streams, tools, errors with their hint.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI6 from 'openai';
import OpenAI7 from 'openai-7';
import { gateway, simulator, weather } from './support.mjs';

const billing = 'Your API balance or quota is exhausted. Check your provider dashboard.';
const messages = [{ role: 'user', content: 'hi' }];
const model = 'default';
const ask = { model, max_tokens: 50, messages };
const functions = [{ type: 'function', function: { name: weather.name, parameters: weather.schema } }];
const tools = [{ name: weather.name, input_schema: weather.schema }];

// A gateway of its own for each test that leaves keys on the bench.
async function both(dialect, config = {}) {
  const sim = await simulator({ acme: { dialect, credentials: ['key-a', 'key-b'] } });
  const credentials = [{ label: 'key-a', secret: '${ACME_A}' }, { label: 'key-b', secret: '${ACME_B}' }];
  const gate = await gateway({ providers: { acme: { dialect, url: sim.providers.acme.base_url, credentials } }, routes: { default: ['acme/m-1'] }, ...config },
    { ACME_A: sim.key('acme', 'key-a'), ACME_B: sim.key('acme', 'key-b') });
  return {
    sim, gate,
    openai: (OpenAI, more) => new OpenAI({ apiKey: 'none', baseURL: `${gate.url}/v1`, maxRetries: 0, ...more }),
    anthropic: (more) => new Anthropic({ apiKey: 'none', baseURL: gate.url, maxRetries: 0, ...more }),
    async stop() { await gate.stop(); await sim.stop(); },
  };
}

for (const dialect of ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini']) {
  describe(`upstream ${dialect}`, () => {
    let world;
    before(async () => { world = await both(dialect); });
    after(async () => { await world?.stop(); });

    for (const [name, OpenAI] of [['openai 6', OpenAI6], ['openai 7', OpenAI7]]) {
      test(`${name}: chat, whole and streamed`, async () => {
        await world.sim.rules('acme', [{ reply: { text: 'one two' } }]);
        const whole = await world.openai(OpenAI).chat.completions.create({ model, messages });
        assert.equal(whole.choices[0].message.content, 'one two');
        assert.equal(whole.choices[0].finish_reason, 'stop');
        assert.ok(whole.usage.prompt_tokens > 0);
        assert.equal(whole.usage.completion_tokens, 2);
        let text = '', usage;
        for await (const chunk of await world.openai(OpenAI).chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
          text += chunk.choices[0]?.delta.content ?? '';
          usage ??= chunk.usage ?? undefined;
        }
        assert.equal(text, 'one two');
        assert.equal(usage.completion_tokens, 2);
      });

      test(`${name}: tools, whole and streamed`, async () => {
        await world.sim.rules('acme', []);
        const whole = await world.openai(OpenAI).chat.completions.create({ model, messages, tools: functions, tool_choice: 'required' });
        assert.equal(whole.choices[0].finish_reason, 'tool_calls');
        assert.deepEqual(JSON.parse(whole.choices[0].message.tool_calls[0].function.arguments), { city: 'example' });
        const final = await world.openai(OpenAI).chat.completions.stream({ model, messages, tools: functions, tool_choice: 'required' }).finalChatCompletion();
        assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { city: 'example' });
        assert.equal(final.choices[0].message.tool_calls[0].function.name, weather.name);
      });

      test(`${name}: responses, whole and streamed`, async () => {
        await world.sim.rules('acme', [{ reply: { text: 'pong pong' } }]);
        assert.equal((await world.openai(OpenAI).responses.create({ model, input: 'hi' })).output_text, 'pong pong');
        let text = '';
        const types = [];
        for await (const event of await world.openai(OpenAI).responses.create({ model, input: 'hi', stream: true })) {
          types.push(event.type);
          if (event.type === 'response.output_text.delta') text += event.delta;
        }
        assert.equal(text, 'pong pong');
        assert.equal(types[0], 'response.created');
        assert.equal(types.at(-1), 'response.completed');
      });

      test(`${name}: models are the routes`, async () => {
        const ids = [];
        for await (const each of world.openai(OpenAI).models.list()) ids.push(each.id);
        assert.ok(ids.includes('default'), ids.join());
      });
    }

    test('anthropic: message, whole and streamed', async () => {
      await world.sim.rules('acme', [{ reply: { text: 'one two' } }]);
      const whole = await world.anthropic().messages.create(ask);
      assert.equal(whole.content[0].text, 'one two');
      assert.equal(whole.stop_reason, 'end_turn');
      assert.equal(whole.usage.output_tokens, 2);
      const final = await world.anthropic().messages.stream(ask).finalMessage();
      assert.equal(final.content[0].text, 'one two');
      assert.equal(final.usage.output_tokens, 2);
    });

    test('anthropic: tools, whole and streamed', async () => {
      await world.sim.rules('acme', []);
      const whole = await world.anthropic().messages.create({ ...ask, tools, tool_choice: { type: 'any' } });
      assert.equal(whole.stop_reason, 'tool_use');
      assert.deepEqual(whole.content.at(-1).input, { city: 'example' });
      const final = await world.anthropic().messages.stream({ ...ask, tools, tool_choice: { type: 'any' } }).finalMessage();
      assert.deepEqual(final.content.at(-1).input, { city: 'example' });
      assert.equal(final.content.at(-1).name, weather.name);
    });

    test('anthropic: a tool result goes back', async () => {
      await world.sim.rules('acme', [{ reply: { text: 'sunny' } }]);
      const turns = [...messages, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: weather.name, input: { city: 'Paris' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '21 degrees' }] }];
      assert.equal((await world.anthropic().messages.create({ ...ask, messages: turns, tools })).content[0].text, 'sunny');
    });

    test('a stream that breaks half way is an error to both, not an end', async () => {
      await world.sim.rules('acme', [{ fault: 'cut-after-events-rst', params: { events: 6 }, reply: { text: 'one two three four five six seven eight' } }]);
      await assert.rejects(async () => {
        for await (const chunk of await world.openai(OpenAI7).chat.completions.create({ model, messages, stream: true })) void chunk;
      });
      await assert.rejects(world.anthropic().messages.stream(ask).finalMessage());
    });
  });

  describe(`upstream ${dialect}, failing`, () => {
    let world;
    before(async () => { world = await both(dialect, { retry: { attempts: 1 } }); });
    after(async () => { await world?.stop(); });

    test('an exhausted 402 is the typed error with the hint, and no SDK tries again', async () => {
      await world.sim.rules('acme', [{ fault: '402' }]);
      for (const client of [() => world.openai(OpenAI6, { maxRetries: 3 }).chat.completions.create({ model, messages }), () => world.openai(OpenAI7, { maxRetries: 3 }).chat.completions.create({ model, messages, stream: true }),
        () => world.openai(OpenAI7, { maxRetries: 3 }).responses.create({ model, input: 'hi' })]) {
        await assert.rejects(client(), (error) => {
          assert.ok(error instanceof OpenAI6.APIError || error instanceof OpenAI7.APIError, error.constructor.name);
          assert.equal(error.status, 402);
          assert.ok(error.message.includes(billing), error.message);
          assert.match(error.requestID ?? '', /^req_/);
          return true;
        });
      }
      await assert.rejects(world.anthropic({ maxRetries: 3 }).messages.create(ask), (error) => {
        assert.ok(error instanceof Anthropic.APIError, error.constructor.name);
        assert.equal(error.status, 402);
        assert.ok(error.message.includes(billing), error.message);
        assert.equal(error.error.error.type, 'billing_error');
        return true;
      });
      assert.equal((await world.sim.attempts()).length, 2);  // each empty key was asked once, by the first of the four
    });
  });

  describe(`upstream ${dialect}, busy`, () => {
    let world;
    before(async () => { world = await both(dialect, { retry: { attempts: 1, retry_after_max: '1s', same_key_wait_max: '0s' } }); });
    after(async () => { await world?.stop(); });

    test('a 429 is RateLimitError with the wait, and the SDK comes back when it is over', async () => {
      await world.sim.rules('acme', [{ fault: '429', retry_after: '2s', times: 2 }, { reply: { text: 'pong' } }]);
      await assert.rejects(world.openai(OpenAI7).chat.completions.create({ model, messages }), (error) => {
        assert.ok(error instanceof OpenAI7.RateLimitError, error.constructor.name);
        assert.ok(Number(error.headers.get('retry-after')) >= 1, error.headers.get('retry-after'));
        return true;
      });
      await assert.rejects(world.anthropic().messages.create(ask), (error) => error instanceof Anthropic.RateLimitError);
      const began = Date.now();
      const reply = await world.openai(OpenAI7, { maxRetries: 3 }).chat.completions.create({ model, messages });
      assert.equal(reply.choices[0].message.content, 'pong');
      assert.ok(Date.now() - began >= 500, 'it came back before its time');
    });
  });
}

test('embeddings and count_tokens', async () => {
  const sim = await simulator({ acme: { dialect: 'openai-chat', credentials: ['key-a'] }, claude: { dialect: 'anthropic-messages', credentials: ['key-a'] } });
  const provider = (name, dialect) => ({ dialect, url: sim.providers[name].base_url, credentials: [{ label: 'key-a', secret: `\${${name.toUpperCase()}}` }] });
  const gate = await gateway({ providers: { acme: provider('acme', 'openai-embeddings'), claude: provider('claude', 'anthropic-messages') }, routes: { vectors: ['acme/text-embedding-3-small'], claude: ['claude/m-1'] } },
    { ACME: sim.key('acme'), CLAUDE: sim.key('claude') });
  try {
    const reply = await new OpenAI7({ apiKey: 'none', baseURL: `${gate.url}/v1` }).embeddings.create({ model: 'vectors', input: ['a', 'b'], dimensions: 8 });
    assert.equal(reply.data.length, 2);
    assert.equal(reply.data[1].embedding.length, 8);
    assert.notDeepEqual(reply.data[0].embedding, reply.data[1].embedding);
    const { input_tokens: tokens } = await new Anthropic({ apiKey: 'none', baseURL: gate.url }).messages.countTokens({ model: 'claude', messages });
    assert.ok(tokens > 0);
  } finally {
    await gate.stop();
    await sim.stop();
  }
});
