import { describe, expect, test } from 'vitest'
import { binaryMessages, encodeEvent, encodeMessage, serverSentEvents } from '../src/index.ts'

const delta = encodeMessage({ ':event-type': 'contentBlockDelta', ':content-type': 'application/json', ':message-type': 'event' }, '{"p":"abc"}')

describe('server-sent events', () => {
  test.for([
    ['data: x', true],
    ['\uFEFF\n\n event: x', true],
    [': ping', true],
    ['id:1', true],
    ['retry: 1', true],
    ['dat', undefined],
    ['{"a":1}', false],
    ['[1]', false],
    ['database', false],
    ['<html>', false],
    ['', false],
    [' \n', false],
  ] as const)('begin with %j: %j', ([text, expected]) => {
    expect(serverSentEvents.begins(Buffer.from(text))).toBe(expected)
  })

  test('tell name and payload of an event', () => {
    const event = encodeEvent('{"a":1}', 'ping')
    expect([serverSentEvents.nameOf(event), serverSentEvents.dataOf(event)?.toString()]).toEqual(['ping', '{"a":1}'])
    expect(serverSentEvents.dataOf(serverSentEvents.comment ?? event)).toBeUndefined()
  })
})

describe('binary messages', () => {
  test('begin with the first byte of a length', () => {
    expect(binaryMessages.begins(delta)).toBe(true)
    expect(binaryMessages.begins(delta.subarray(0, 1))).toBe(true)
    expect(binaryMessages.begins(Buffer.alloc(0))).toBeUndefined()
    for (const text of ['{"message":"no"}', '\n{}', 'data: x', '<html>']) expect(binaryMessages.begins(Buffer.from(text))).toBe(false)
  })

  test.for([
    ['an event', { ':message-type': 'event', ':event-type': 'messageStop' }, 'messageStop'],
    ['an exception', { ':message-type': 'exception', ':exception-type': 'throttlingException' }, 'throttlingException'],
    ['an error', { ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'no' }, 'InternalError'],
    ['nothing that is known', { ':message-type': 'event' }, ''],
  ] as const)('tell name and payload of %s', ([, headers, name]) => {
    const message = encodeMessage(headers, '{"p":"a"}')
    expect([binaryMessages.nameOf(message), binaryMessages.dataOf(message)?.toString()]).toEqual([name, '{"p":"a"}'])
  })

  test('have no word that says nothing, and no event without its end', () => {
    expect([binaryMessages.comment, binaryMessages.separator]).toEqual([undefined, undefined])
  })
})
