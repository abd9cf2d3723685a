import type { SseEvent } from '@sluice/provider'
import type { Collected } from './collected.ts'
import type { Json } from './translating.ts'

interface Block extends Json {
  text?: string
  toolUse?: Json
  reasoningContent?: { reasoningText?: Json; redactedContent?: string }
}

/** A stream of Converse as the answer that it stands for, held to the order of its events. */
export function collectedBedrock(events: readonly SseEvent[]): Collected {
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  const content: Block[] = []
  const inputs = new Map<number, string>()
  let open: number | undefined
  let isBegun = false
  let isStopped = false
  for (const { event, data } of events) {
    const body = JSON.parse(data) as Json
    const index = body['contentBlockIndex'] as number
    if (collected.terminals.length > 0) throw new Error(`${event} behind the end`)
    if (!isBegun && event !== 'messageStart' && !event.endsWith('Exception')) throw new Error(`${event} before the message begins`)
    if (isStopped && event !== 'metadata') throw new Error(`${event} behind the end of the message`)
    switch (event) {
      case 'messageStart':
        if (isBegun) throw new Error('the message begins twice')
        isBegun = true
        break
      case 'contentBlockStart': {
        if (open !== undefined || index !== content.length) throw new Error(`block ${index} begins out of order`)
        open = index
        const { toolUse, image } = body['start'] as Block & { image?: Json }
        content.push({ ...(toolUse && { toolUse: { ...toolUse, input: {} } }), ...(image && { image }) })
        break
      }
      case 'contentBlockDelta': {
        // A text, or what was thought, has no beginning of its own.
        if (open === undefined && index === content.length) {
          open = index
          content.push({})
        }
        if (index !== open) throw new Error(`a piece for block ${index}, which is not open`)
        addPiece(content[index] ?? {}, body['delta'] as Json, index, inputs)
        break
      }
      case 'contentBlockStop':
        if (index !== open) throw new Error(`block ${index} ends, and is not open`)
        open = undefined
        break
      case 'messageStop':
        if (open !== undefined) throw new Error(`the message ends within block ${open}`)
        isStopped = true
        Object.assign(collected.body, body)
        break
      case 'metadata':
        if (!isStopped) throw new Error('counts before the end of the message')
        Object.assign(collected.body, body)
        collected.terminals.push(event)
        break
      default:
        if (!event.endsWith('Exception')) throw new Error(`${event} is no event of Bedrock's`)
        collected.error = { ...body, type: event }
        collected.terminals.push('exception')
    }
  }
  for (const [index, text] of inputs) Object.assign(content[index]?.toolUse ?? {}, { input: parsed(text) })
  delete collected.body['p']
  collected.body['output'] = { message: { role: 'assistant', content } }
  return collected
}

function addPiece(block: Block, { text, toolUse, reasoningContent: thought, image }: Json, index: number, inputs: Map<number, string>): void {
  if (typeof text === 'string') block.text = (block.text ?? '') + text
  if (toolUse) inputs.set(index, (inputs.get(index) ?? '') + String((toolUse as Json)['input']))
  if (image) Object.assign(block['image'] as Json, image)
  if (!thought) return
  const { text: piece, signature, redactedContent } = thought as Json
  if (redactedContent) block.reasoningContent = { redactedContent: String(redactedContent) }
  else {
    const said = ((block.reasoningContent ??= {}).reasoningText ??= { text: '' })
    if (piece) said['text'] = String(said['text']) + String(piece)
    if (signature) said['signature'] = signature
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { unparsed: text }
  }
}
