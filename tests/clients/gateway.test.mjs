// The official SDKs through the gateway to the simulator, in both upstream dialects.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI6 from 'openai';
import OpenAI7 from 'openai-7';
import { gateway, simulator } from './support.mjs';

const hint = 'Your API balance or quota is exhausted. Check your provider dashboard.';
const messages = [{ role: 'user', content: 'hi' }];

for (const dialect of ['openai-chat', 'anthropic-messages']) {
  describe(`upstream ${dialect}`, () => {
    let sim, gate;
    before(async () => {
      sim = await simulator({ acme: { dialect, credentials: ['key-a', 'key-b'] } });
      gate = await gateway({ providers: { acme: { dialect, url: sim.providers.acme.base_url, credentials: [{ label: 'key-a', secret: '${ACME_A}' }, { label: 'key-b', secret: '${ACME_B}' }] } }, routes: { default: ['acme/m-1'] } },
        { ACME_A: sim.key('acme', 'key-a'), ACME_B: sim.key('acme', 'key-b') });
    });
    after(async () => { await gate?.stop(); await sim?.stop(); });

    for (const [name, OpenAI] of [['openai 6', OpenAI6], ['openai 7', OpenAI7]]) {
      const client = () => new OpenAI({ apiKey: 'none', baseURL: `${gate.url}/v1`, maxRetries: 0 });
      test(`${name}: chat, whole and streamed`, async () => {
        await sim.rules('acme', [{ reply: { text: 'one two' } }]);
        const whole = await client().chat.completions.create({ model: 'default', messages });
        assert.equal(whole.choices[0].message.content, 'one two');
        let text = '';
        for await (const chunk of await client().chat.completions.create({ model: 'default', messages, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
        assert.equal(text, 'one two');
      });
    }
    test('anthropic: message, whole and streamed', async () => {
      await sim.rules('acme', [{ reply: { text: 'one two' } }]);
      const client = new Anthropic({ apiKey: 'none', baseURL: gate.url, maxRetries: 0 });
      const ask = { model: 'default', max_tokens: 50, messages };
      assert.equal((await client.messages.create(ask)).content[0].text, 'one two');
      assert.equal(await client.messages.stream(ask).finalText(), 'one two');
    });
    // Last: it leaves both keys on the bench.
    test('an exhausted 402 is the typed error with the hint', async () => {
      await sim.rules('acme', [{ fault: '402' }]);
      const client = new OpenAI7({ apiKey: 'none', baseURL: `${gate.url}/v1`, maxRetries: 0 });
      await assert.rejects(client.chat.completions.create({ model: 'default', messages }), (error) => {
        assert.ok(error instanceof OpenAI7.APIError, error.constructor.name);
        assert.equal(error.status, 402);
        assert.ok(error.message.includes(hint), error.message);
        return true;
      });
    });
  });
}
