import type { Script } from '@sluice/mock-llm'

/** What a client gets, and what the log says of it. */
export type Outcome =
  /** A 200 that is whole; a stream ends with its dialect's terminal event. */
  | { readonly gets: 'answer'; readonly outcome: 'complete'; readonly usage: Usage }
  /** An error with this status, in the shape of its dialect; whole. */
  | { readonly gets: 'status'; readonly status: number; readonly outcome: 'upstream_error' | 'stalled'; readonly usage: Usage }
  /** A stream up to its last whole event, an error event behind that, and then the cut: no end. */
  | { readonly gets: 'cut'; readonly outcome: 'truncated' | 'stalled' | 'upstream_error'; readonly usage: Usage }

/** Of usage: all, none, or what was told before the end. Messages begin with the tokens of the request; the others tell it last. */
export type Usage = 'provider' | 'none' | 'so far'

export const dialects = ['chat', 'responses', 'messages', 'gemini', 'bedrock', 'embeddings'] as const
export type DialectName = (typeof dialects)[number]

/** The same for all dialects, or what differs from `else`; `none` where a dialect has no such thing. */
export type Expected = Outcome | (Partial<Record<DialectName, Outcome | 'none'>> & { readonly else: Outcome })

/** Where in an answer something happens, by the number of its events, or by its bytes. */
export interface Places {
  /** Behind the events that say nothing yet. */
  readonly quiet: number
  /** Behind the first events that do. */
  readonly content: number
  /** The answers of the mock as they are, whole and streamed. */
  readonly plain: { readonly whole: Buffer; readonly stream: Buffer }
}

export interface Fault {
  /** What upstream does; reads on after "a provider that". */
  readonly what: string
  script(places: Places): Script
  /** Absent: the fault is one of streams. */
  readonly whole?: Expected
  /** Absent: the fault is one of whole answers. */
  readonly stream?: Expected
}

const answer: Outcome = { gets: 'answer', outcome: 'complete', usage: 'provider' }
const unpriced: Outcome = { ...answer, usage: 'none' }
const status = (code: number): Outcome => ({ gets: 'status', status: code, outcome: 'upstream_error', usage: 'none' })
const unusable = status(502)
const late: Outcome = { gets: 'status', status: 504, outcome: 'stalled', usage: 'none' }
/** The same behind the first events. */
const begun = (outcome: Outcome): Outcome => ({ ...outcome, usage: 'so far' })
const truncated: Outcome = { gets: 'cut', outcome: 'truncated', usage: 'so far' }
const stalled: Outcome = { ...truncated, outcome: 'stalled' }
const failed: Outcome = { ...truncated, outcome: 'upstream_error' }
/** The dialects whose last event is no formality: a chat has said why it ends before its `[DONE]`, and Bedrock before it counts tokens. */
const truncatedButSome: Expected = { chat: answer, bedrock: unpriced, else: truncated }
/** An error event names no status; what it stands for is told by its type. */
const early: Expected = { messages: status(529), gemini: status(503), bedrock: status(503), else: status(500) }
/** Gemini's first event says something: there is no before. */
const earlyBehindSome: Expected = { messages: begun(status(529)), gemini: 'none', bedrock: status(503), else: status(500) }

/** Behind everything. */
const end = 1_000_000

/**
 * Every fault that a provider can play, and what becomes of it: DESIGN rules as data. A failure has a status until the
 * first content has left, and is an error event and a cut behind it; nothing that lacks its end looks whole.
 */
export const faults: readonly Fault[] = [
  { what: 'does what it should', script: () => ({}), whole: answer, stream: answer },
  {
    what: 'takes its time for every word',
    script: () => ({ firstTokenMs: 20, tokensPerSecond: 2000, text: 'One and one is two.' }),
    whole: answer,
    stream: answer,
  },
  { what: 'tells no usage', script: () => ({ noUsage: true }), whole: unpriced, stream: unpriced },

  { what: 'answers 400', script: () => ({ status: 400, message: 'No.' }), whole: status(400), stream: status(400) },
  { what: 'answers 401', script: () => ({ status: 401 }), whole: status(401), stream: status(401) },
  {
    what: 'answers 429 and says when to come back',
    script: () => ({ status: 429, headers: { 'retry-after': '7' } }),
    whole: status(429),
    stream: status(429),
  },
  { what: 'answers 500', script: () => ({ status: 500 }), whole: status(500), stream: status(500) },
  { what: 'answers 529', script: () => ({ status: 529 }), whole: status(529), stream: status(529) },
  {
    what: 'answers 503 with a page',
    script: () => ({ status: 503, body: '<html>Down</html>', contentType: 'text/html' }),
    whole: status(503),
    stream: status(503),
  },
  {
    what: 'answers 422 in the shape of another API',
    script: () => ({ status: 422, body: { detail: 'No such thing.' } }),
    whole: status(422),
    stream: status(422),
  },
  {
    what: 'breaks off an error that it answers',
    script: () => ({ status: 503, cutAfterBytes: 5 }),
    whole: status(503),
    stream: status(503),
  },
  { what: 'redirects', script: () => ({ redirect: true }), whole: status(307), stream: status(307) },
  { what: 'answers 204', script: () => ({ status: 204 }), whole: unusable, stream: unusable },

  {
    what: 'answers 200 with an error in it',
    script: () => ({ errorIn200: true }),
    whole: { messages: unusable, bedrock: unusable, else: status(500) },
    stream: { messages: unusable, bedrock: unusable, else: status(500) },
  },
  { what: 'sends an error as its first event', script: () => ({ errorEvent: 0 }), whole: early, stream: early },
  { what: 'sends an error before any content', script: ({ quiet }) => ({ errorEvent: quiet }), stream: earlyBehindSome },
  { what: 'sends an error behind content', script: ({ content }) => ({ errorEvent: content }), stream: failed },
  { what: 'sends an error in place of its last event', script: () => ({ errorEvent: -1 }), stream: { chat: { ...failed, usage: 'provider' }, bedrock: 'none', else: failed } },

  { what: 'speaks no HTTP', script: () => ({ garbage: 'http' }), whole: unusable, stream: unusable },
  { what: 'sends half of its JSON', script: () => ({ garbage: 'json' }), whole: unusable, stream: unusable },
  { what: 'sends a page', script: () => ({ garbage: 'html' }), whole: unusable, stream: unusable },
  { what: 'sends nothing', script: () => ({ garbage: 'empty' }), whole: unusable, stream: unusable },
  { what: 'sends a fragment of an event', script: () => ({ event: 'data: {"choi' }), whole: unusable, stream: unusable },
  { what: 'sends a comment and nothing else', script: () => ({ event: ': hello\n\n' }), whole: unusable, stream: unusable },
  {
    what: 'sends events that are none of the dialect',
    script: () => ({ event: ['data: no JSON\n\n', 'data: {"some":"thing"}\n\n'] }),
    whole: unusable,
    stream: unusable,
  },

  {
    what: 'resets the connection at once',
    script: () => ({ resetOnAccept: true }),
    whole: unusable,
    stream: unusable,
  },
  { what: 'closes the connection behind its head', script: () => ({ cutAfter: 0 }), whole: unusable, stream: unusable },
  { what: 'closes the connection before content', script: ({ quiet }) => ({ cutAfter: quiet }), stream: { gemini: 'none', else: begun(unusable) } },
  { what: 'closes the connection behind content', script: ({ content }) => ({ cutAfter: content }), stream: truncated },
  {
    what: 'closes the connection in the middle of its bytes',
    script: ({ plain }) => ({ cutAfterBytes: Math.floor(plain.stream.length * 0.6) }),
    stream: truncated,
  },
  {
    what: 'closes the connection in the middle of a whole answer',
    script: ({ plain }) => ({ cutAfterBytes: Math.floor(plain.whole.length / 2) }),
    whole: unusable,
  },
  {
    what: 'closes the connection before its last event',
    script: () => ({ cutAfter: -1 }),
    whole: unusable,
    stream: truncatedButSome,
  },
  { what: 'closes the connection behind its end', script: () => ({ cutAfter: end }), whole: answer, stream: answer },

  { what: 'ends without a word', script: () => ({ endAfter: 0 }), whole: unusable, stream: unusable },
  { what: 'ends before content', script: ({ quiet }) => ({ endAfter: quiet }), stream: { gemini: 'none', else: begun(unusable) } },
  { what: 'ends behind content', script: ({ content }) => ({ endAfter: content }), stream: truncated },
  { what: 'leaves out its last event', script: () => ({ endAfter: -1 }), whole: unusable, stream: truncatedButSome },

  {
    what: 'is silent for good before its head',
    script: () => ({ stallBeforeFirstByteMs: 'forever' }),
    whole: late,
    stream: late,
  },
  { what: 'is silent for good behind its head', script: () => ({ stallAfter: 0 }), whole: late, stream: late },
  { what: 'is silent for good before content', script: ({ quiet }) => ({ stallAfter: quiet }), stream: { gemini: 'none', else: begun(late) } },
  { what: 'is silent for good behind content', script: ({ content }) => ({ stallAfter: content }), stream: stalled },
  { what: 'is silent for good behind its end', script: () => ({ stallAfter: end }), whole: answer, stream: answer },
  {
    what: 'is silent for a while',
    script: ({ content }) => ({ stallBeforeFirstByteMs: 50, stallAfter: content, stallMs: 50 }),
    whole: answer,
    stream: answer,
  },
  {
    what: 'sends piece by piece, and slowly',
    script: () => ({ slowBodyMs: 2, chunk: 400 }),
    whole: answer,
    stream: answer,
  },

  { what: 'sends comments first', script: () => ({ comments: 3 }), whole: answer, stream: answer },
  { what: 'ends lines with CR LF', script: () => ({ crlf: true }), whole: answer, stream: answer },
  { what: 'ends lines with CR', script: () => ({ cr: true }), whole: answer, stream: answer },
  { what: 'compresses without being asked', script: () => ({ gzip: true }), whole: answer, stream: answer },
  {
    what: 'breaks off what it compresses',
    script: ({ content }) => ({ gzip: true, cutAfter: content }),
    stream: truncated,
  },
  {
    what: 'declares more bytes than it sends',
    script: () => ({ contentLength: 1_000_000 }),
    whole: unusable,
    stream: answer,
  },
  { what: 'declares fewer bytes than it sends', script: () => ({ contentLength: 10 }), whole: unusable, stream: unusable },
  {
    what: 'calls events JSON',
    script: () => ({ contentType: 'application/json' }),
    stream: answer,
  },
  { what: 'calls JSON events', script: () => ({ contentType: 'text/event-stream' }), whole: answer },
  {
    what: 'does not stream though it was asked to',
    script: ({ plain }) => ({ body: plain.whole.toString() }),
    stream: answer,
  },
  {
    what: 'streams though it was not asked to',
    script: ({ plain }) => ({ event: plain.stream.toString() }),
    whole: { embeddings: 'none', bedrock: 'none', else: answer },
  },
]

/** Fields of a script that no row above needs, and why. */
export const elsewhere: Readonly<Record<string, string>> = {
  fixture: 'recorded answers: fixtures-relay.test.ts relays all of them',
  words: 'how much the model says; the table itself uses it',
}

/** What is expected of one dialect; undefined where there is nothing to expect. */
export function expectedOf(expected: Expected | undefined, dialect: DialectName): Outcome | undefined {
  if (!expected || 'gets' in expected) return expected
  const own = expected[dialect] ?? expected.else
  return own === 'none' ? undefined : own
}
