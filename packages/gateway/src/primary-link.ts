import type { Socket } from 'node:net'
import type { ToPrimary, ToWorker } from './worker-messages.ts'

/** A worker's way to its primary. */
export interface PrimaryLink {
  /** Throws where the primary is gone. */
  send(message: ToPrimary): void
  /** Resolves once it has left this process. */
  sent(message: ToPrimary): Promise<void>
  listen(hear: (message: ToWorker, socket: Socket | undefined) => void): void
}

/** The channel that this process was started with. */
export const primaryLink: PrimaryLink = {
  send(message) {
    if (!process.connected) throw goneError()
    process.send?.(message)
  },
  sent(message) {
    return new Promise((resolve, reject) => {
      if (process.connected) process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()))
      else reject(goneError())
    })
  },
  listen(hear) {
    process.on('message', (message, handle) => hear(message as ToWorker, handle as Socket | undefined))
  },
}

function goneError(): Error {
  return Object.assign(new Error('the primary process is gone'), { code: 'EPIPE' })
}
