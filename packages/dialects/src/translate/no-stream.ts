import type { DialectFacts } from '../dialect-facts.ts'
import { UpstreamNonsense } from './errors.ts'
import { StreamTranslation } from './stream-translation.ts'
import type { StreamFromChat, StreamToChat } from './translator.ts'

/** For an answer that nobody streams: a provider that does so all the same has not understood, and the client is told. */
export function noStream(clientFacts: DialectFacts, what: string): StreamTranslation {
  return new StreamTranslation(refusing(what), silent, clientFacts)
}

function refusing(what: string): StreamToChat {
  return {
    read() {
      throw new UpstreamNonsense(`the provider has answered with a stream of events, and ${what} whole`)
    },
    end: () => [],
    finished: false,
    ended: false,
  }
}

const silent: StreamFromChat = { write() {}, end() {} }
