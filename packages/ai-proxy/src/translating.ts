import { randomUUID } from 'node:crypto'
import { Untranslatable, type TranslationOptions } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'

/** Characters that are held of a stream to bring it in order: as much as one event may have. */
const maxHeld = 8 * 1024 * 1024

/** What every translation here knows of the world. */
export const world: TranslationOptions = {
  now: () => Math.floor(Date.now() / 1000),
  newId: () => randomUUID().replaceAll('-', ''),
  maxHeld,
}

/** Translates a client's request; what cannot be is the client's to know. */
export function orRefused<T>(translate: () => T): T {
  try {
    return translate()
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(400, 'invalid_request', 'the request is nested too deeply to be translated')
    if (!(error instanceof Untranslatable)) throw error
    throw new HttpError(error.status, error.code, error.message, error.param === undefined ? {} : { param: error.param })
  }
}
