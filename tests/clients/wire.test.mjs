// The official SDKs read what the gateway writes: the golden texts of tests/golden/wire, served as they stand.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI6 from 'openai';
import OpenAI7 from 'openai-7';

const folder = new URL('../golden/wire/', import.meta.url);
const hint = 'Your API balance or quota is exhausted. Check your provider dashboard.';
const messages = [{ role: 'user', content: 'hi' }];
const files = readdirSync(folder).map((name) => name.replace(/\.txt$/, ''));
const of = (front) => files.filter((name) => name.endsWith(`-to-${front}`) && !name.startsWith('request-'));
const stream = (name) => name.includes('.sse-');
const says = (name) => ({
  text: name.startsWith('openai-chat-tool') ? '' : 'Hello there',
  tool: !['openai-chat.', 'anthropic-thinking.'].some((plain) => name.startsWith(plain)),
});

// The first segment of the path names the text; a trailing "+NAME" follows it in the same stream.
let server, url;
before(async () => {
  server = createServer((request, reply) => {
    request.resume();
    const [first, second] = decodeURIComponent(request.url.split('/')[1]).split('+');
    const read = (name) => readFileSync(new URL(`${name}.txt`, folder));
    const status = first.startsWith('error-body') ? 402 : 200;
    reply.writeHead(status, { 'content-type': first.includes('.sse-') || first.includes('-event-') ? 'text/event-stream' : 'application/json' });
    if (!second) return reply.end(read(first));
    // The stream so far, without what ends it: then the error.
    const text = read(first).toString();
    reply.end(text.slice(0, text.indexOf('\n\n', text.indexOf('Hello')) + 2) + read(second));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());
const at = (name) => `${url}/${encodeURIComponent(name)}`;

for (const [version, OpenAI] of [['openai 6', OpenAI6], ['openai 7', OpenAI7]]) {
  const client = (name) => new OpenAI({ apiKey: 'none', baseURL: at(name), maxRetries: 0 });
  describe(version, () => {
    for (const name of of('openai-chat')) {
      test(name, async () => {
        const ask = { model: 'm', messages };
        const done = stream(name) ? await client(name).chat.completions.stream(ask).finalChatCompletion() : await client(name).chat.completions.create(ask);
        const { message, finish_reason } = done.choices[0];
        assert.equal(message.content ?? '', says(name).text);
        assert.equal(finish_reason, says(name).tool ? 'tool_calls' : 'stop');
        if (says(name).tool) assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'Paris' });
        assert.ok(done.usage.total_tokens > 0);
      });
    }
    for (const name of of('openai-responses')) {
      test(name, async () => {
        const ask = { model: 'm', input: 'hi' };
        const types = [];
        let done;
        if (stream(name)) {
          const events = client(name).responses.stream(ask);
          events.on('event', (event) => types.push(event.type));
          done = await events.finalResponse();
          assert.equal(types.at(0), 'response.created');
          assert.equal(types.at(-1), 'response.completed');
        } else {
          done = await client(name).responses.create(ask);
        }
        assert.equal(done.status, 'completed');
        assert.equal(done.output_text, says(name).text);
        const call = done.output.find((item) => item.type === 'function_call');
        assert.equal(Boolean(call), says(name).tool);
        if (call) assert.deepEqual(JSON.parse(call.arguments), { city: 'Paris' });
        assert.ok(done.usage.total_tokens > 0);
      });
    }
    const typed = (error) => {
      assert.ok(error instanceof OpenAI.APIError, `${error.constructor.name}: ${error.message}`);
      assert.ok(error.message.includes(hint), error.message);
      return true;
    };
    test('error bodies', async () => {
      await assert.rejects(client('error-body-openai-chat').chat.completions.create({ model: 'm', messages }), (error) => typed(error) && error.status === 402);
      await assert.rejects(client('error-body-openai-responses').responses.create({ model: 'm', input: 'hi' }), (error) => typed(error) && error.status === 402);
    });
    test('error events amid a stream', async () => {
      let text = '';
      await assert.rejects(async () => {
        for await (const chunk of await client('anthropic.sse-to-openai-chat+error-event-openai-chat').chat.completions.create({ model: 'm', messages, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
      }, typed);
      assert.equal(text, 'Hello');
      text = '';
      await assert.rejects(async () => {
        for await (const event of await client('anthropic.sse-to-openai-responses+error-event-openai-responses').responses.create({ model: 'm', input: 'hi', stream: true })) if (event.type === 'response.output_text.delta') text += event.delta;
      }, typed);
      assert.equal(text, 'Hello');
    });
  });
}

describe('anthropic', () => {
  const client = (name) => new Anthropic({ apiKey: 'none', baseURL: at(name), maxRetries: 0 });
  const ask = { model: 'm', max_tokens: 50, messages };
  for (const name of of('anthropic-messages')) {
    test(name, async () => {
      const done = stream(name) ? await client(name).messages.stream(ask).finalMessage() : await client(name).messages.create(ask);
      assert.equal(done.content.filter((block) => block.type === 'text').map((block) => block.text).join(''), says(name).text);
      const call = done.content.find((block) => block.type === 'tool_use');
      assert.equal(Boolean(call), says(name).tool);
      if (call) assert.deepEqual(call.input, { city: 'Paris' });
      assert.equal(done.stop_reason, says(name).tool ? 'tool_use' : 'end_turn');
      assert.ok(done.usage.output_tokens > 0);
    });
  }
  const typed = (error) => {
    assert.ok(error instanceof Anthropic.APIError, `${error.constructor.name}: ${error.message}`);
    assert.ok(error.message.includes(hint), error.message);
    return true;
  };
  test('an error body', async () => {
    await assert.rejects(client('error-body-anthropic-messages').messages.create(ask), (error) => typed(error) && error.status === 402);
  });
  test('an error event amid a stream', async () => {
    let text = '';
    await assert.rejects(async () => {
      for await (const event of await client('openai-chat.sse-to-anthropic-messages+error-event-anthropic-messages').messages.create({ ...ask, stream: true })) text += event.delta?.text ?? '';
    }, typed);
    assert.equal(text, 'Hello');
  });
});
