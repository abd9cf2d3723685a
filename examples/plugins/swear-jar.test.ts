// How a plugin is tested: on the real kernel, without a server. `npx vitest run examples` runs it.
import { chatRequest, eventStream, exercise } from '@sluice/testkit'
import { expect, test } from 'vitest'
import { swearJar } from './swear-jar.ts'

test('it bleeps a whole answer', async () => {
  const { reply } = await exercise(swearJar, { words: ['ok'] }, chatRequest('Hello')) // answered with "ok"
  expect(JSON.parse(reply.body)).toMatchObject({ choices: [{ message: { content: '**' } }] })
})

test('it bleeps a stream, and leaves the other events alone', async () => {
  const said = ['data: {"choices":[{"delta":{"content":"oh, darn"}}]}\n\n', 'data: [DONE]\n\n']
  const answer = () => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: eventStream('openai-chat', said, { cutAt: 7 }), // in pieces of seven bytes
  })
  const { reply } = await exercise(swearJar, { words: ['darn'] }, chatRequest('Hello', { stream: true }), { answer })
  expect(reply.body).toBe(said.join('').replace('darn', '****'))
  expect(reply.outcome).toBe('complete')
})

test('it refuses a configuration without words', async () => {
  await expect(exercise(swearJar, { words: [] }, chatRequest('Hello'))).rejects.toThrow('words: must not be empty')
})
