import { dialectOf } from '@sluice/dialects'
import { serverSentEvents, type Dialect, type Framing } from '@sluice/provider'

/** How streams of a dialect are written: as server-sent events, unless the dialect says otherwise. */
export function framingOf(dialect: Dialect): Framing {
  return dialectOf(dialect)?.framing ?? serverSentEvents
}
