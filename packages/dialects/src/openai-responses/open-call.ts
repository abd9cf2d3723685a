import { JsonEnd } from '../translate/json-end.ts'
import type { CallItem, ItemStatus, Tell } from './wire.ts'

/** A call that is being written. Several may be open at once: their events say which they belong to. */
export class OpenCall {
  readonly item: CallItem
  readonly outputIndex: number
  readonly #tell: Tell | undefined
  readonly #in: string
  readonly #end = new JsonEnd()

  constructor(id: string, callId: string, name: string, outputIndex: number, tell: Tell | undefined) {
    this.item = { id, type: 'function_call', status: 'in_progress', call_id: callId, name, arguments: '' }
    this.outputIndex = outputIndex
    this.#tell = tell
    this.#in = `"item_id":${JSON.stringify(id)},"output_index":${outputIndex}`
  }

  /** Nothing can follow but white space. */
  get isWhole(): boolean {
    return this.#end.isWhole
  }

  text(piece: string): void {
    if (piece === '') return
    this.item.arguments += piece
    this.#end.see(piece)
    this.#tell?.('response.function_call_arguments.delta', `${this.#in},"delta":${JSON.stringify(piece)}`)
  }

  /** A function that takes nothing is called with an object all the same. */
  close(status: ItemStatus): void {
    this.item.status = status
    if (status === 'completed' && this.item.arguments.trim() === '') this.item.arguments = '{}'
    this.#tell?.('response.function_call_arguments.done', `${this.#in},"arguments":${JSON.stringify(this.item.arguments)},"name":${JSON.stringify(this.item.name)}`)
  }
}
