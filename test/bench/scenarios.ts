import { isChat, isEmbeddings, isMessageStreamOf, isStreamOf, type AnswerCheck } from './check-answer.ts'
import { chatOfModels, embeddings, heldChat, largeChat, smallChat, streamedChat, streamedMessages, variedRoutes } from './requests.ts'
import type { TargetName } from './targets.ts'

/** Pieces of text in a stream, and the milliseconds between them: 64 streams make 3,200 chunks a second. */
export const streamPieces = 75
export const streamGapMs = 20

/** One row of the table. */
export type Scenario = CpuScenario | HeapScenario | StreamMemoryScenario

interface Named {
  readonly name: string
  readonly title: string
  /** What the result is not to exceed. */
  readonly goal: number
}

/** Requests that are answered one after the other on each connection. */
export interface Traffic {
  readonly connections: number
  /** Milliseconds in which connections send as fast as they are answered; `once`: each sends one request, spread over a gap. */
  readonly slice: number | 'once'
  /** Whole requests, sent by turns. */
  requests(): Buffer[]
  readonly check: AnswerCheck
  /** The gateway is to have applied the chat chain: decorator, model, temperature, credentials. */
  readonly isDecorated: boolean
}

/** A scenario whose traffic is played in slices. */
export type Played = Extract<Scenario, Traffic>

/** A scenario that has streams which do not come to their end. */
export type Streamed = Extract<Scenario, { streams(): Buffer[] }>

/** The cost of `subject` as a ratio to `reference`. */
export interface CpuScenario extends Named, Traffic {
  readonly measures: 'cpu'
  readonly subject: TargetName
  readonly reference: TargetName
  /** A second process like the reference: the two are averaged, and what they differ is noise. */
  readonly twin: TargetName
  /** What the cost is divided by, and how many of them an exchange holds. */
  readonly unit: 'request' | 'chunk'
  readonly unitsPerRequest: number
  readonly rounds: number
  /**
   * How often all processes start anew in these rounds. Two processes that run the same may differ for as long as they live,
   * because the compiler took other decisions: by far more than a goal of a few per cent can bear.
   */
  readonly generations: number
}

/** What a gateway holds after much work, as a ratio to what it held before. */
export interface HeapScenario extends Named, Traffic {
  readonly measures: 'heap'
  readonly subject: TargetName
  readonly totalRequests: number
  readonly abortedStreams: number
  /** Requests of the streams whose clients go away. */
  streams(): Buffer[]
}

/** Memory per open stream of `subject`, above that of `reference`, in KiB. */
export interface StreamMemoryScenario extends Named {
  readonly measures: 'stream-memory'
  readonly subject: TargetName
  readonly reference: TargetName
  readonly twin: TargetName
  /** Streams that are open at once. */
  readonly openStreams: number
  readonly rounds: number
  /** Requests of streams that stay open. */
  streams(): Buffer[]
}

const toPipe = { measures: 'cpu', subject: 'gateway', reference: 'pipe', twin: 'pipe-twin', generations: 1 } as const
const toGateway = { measures: 'cpu', reference: 'gateway', twin: 'gateway-twin', generations: 6 } as const
const perRequest = { unit: 'request', unitsPerRequest: 1 } as const

/** Every row, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'small-json',
    title: 'small JSON: decorator, options, usage, access log',
    goal: 1.25,
    ...toPipe,
    generations: 6,
    ...perRequest,
    connections: 64,
    slice: 250,
    rounds: 60,
    requests: smallChat,
    check: isChat,
    isDecorated: true,
  },
  {
    name: 'sse',
    title: 'SSE chunk, paced, same dialect, usage accounted',
    goal: 1.1,
    ...toPipe,
    unit: 'chunk',
    unitsPerRequest: streamPieces + 1,
    connections: 64,
    slice: 'once',
    rounds: 18,
    requests: streamedChat,
    check: isStreamOf(streamPieces),
    isDecorated: true,
  },
  {
    name: 'sse-translated',
    title: 'SSE chunk, paced, a client of Anthropic’s on a chat, usage accounted',
    goal: 1.35,
    ...toPipe,
    subject: 'gateway-translating',
    unit: 'chunk',
    unitsPerRequest: streamPieces + 1,
    connections: 64,
    slice: 'once',
    rounds: 18,
    requests: streamedMessages,
    check: isMessageStreamOf(streamPieces),
    isDecorated: true,
  },
  {
    name: 'request-100k',
    title: '100 KB request, decorated, model replaced',
    goal: 1.25,
    ...toPipe,
    generations: 4,
    ...perRequest,
    connections: 16,
    slice: 300,
    rounds: 36,
    requests: largeChat(100 * 1024),
    check: isChat,
    isDecorated: true,
  },
  {
    name: 'request-1m',
    title: '1 MB request, decorated, model replaced',
    goal: 1.25,
    ...toPipe,
    generations: 4,
    ...perRequest,
    connections: 8,
    slice: 300,
    rounds: 36,
    requests: largeChat(1024 * 1024),
    check: isChat,
    isDecorated: true,
  },
  {
    name: 'embeddings',
    title: '290 KB embeddings answer',
    goal: 1.1,
    ...toPipe,
    generations: 4,
    ...perRequest,
    connections: 16,
    slice: 300,
    rounds: 36,
    requests: embeddings,
    check: isEmbeddings,
    isDecorated: false,
  },
  {
    name: 'routes-10k',
    title: '10,000 routes, one of 100 picked by vars, against 1',
    goal: 1.05,
    ...toGateway,
    subject: 'gateway-10k',
    ...perRequest,
    connections: 64,
    slice: 250,
    rounds: 36,
    requests: chatOfModels(variedRoutes),
    check: isChat,
    isDecorated: true,
  },
  {
    name: 'plugins-20',
    title: '20 plugins with synchronous hooks that do nothing, against none',
    goal: 1.03,
    ...toGateway,
    subject: 'gateway-20-plugins',
    ...perRequest,
    connections: 64,
    slice: 250,
    rounds: 48,
    requests: smallChat,
    check: isChat,
    isDecorated: true,
  },
  {
    name: 'memory-per-stream',
    title: 'memory per open stream above the pipe, at 2,000 streams',
    goal: 20,
    measures: 'stream-memory',
    subject: 'gateway-observed',
    reference: 'pipe',
    twin: 'pipe-twin',
    openStreams: 2000,
    rounds: 6,
    streams: heldChat,
  },
  {
    name: 'heap-after',
    title: 'heap after 200,000 requests and 20,000 aborted streams, against the start',
    goal: 1.1,
    measures: 'heap',
    subject: 'gateway-observed',
    totalRequests: 200_000,
    abortedStreams: 20_000,
    connections: 64,
    slice: 250,
    requests: smallChat,
    check: isChat,
    isDecorated: true,
    streams: streamedChat,
  },
]
