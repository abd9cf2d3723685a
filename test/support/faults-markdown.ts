import { fileURLToPath } from 'node:url'
import { dialects, expectedOf, faults, type Expected, type Outcome } from './fault-table.ts'

/** Where users find the fault table. */
export const faultsFile = fileURLToPath(new URL('../../packages/ai-proxy/FAULTS.md', import.meta.url))

const names = { chat: 'chat', responses: 'Responses', messages: 'Messages', gemini: 'Gemini', bedrock: 'Bedrock', embeddings: 'embeddings' } as const

const intro = `# What becomes of an answer that fails

Written from the table that the tests play: every fault below, in every dialect, whole and streamed, with upstream's bytes cut at any place, one
by one too. In each case the access log has exactly one line, and the next request is served.

* **the answer**: a 200 that is whole; a stream ends with its dialect's own end (\`data: [DONE]\`, \`response.completed\`, \`message_stop\`, Gemini's last \`finishReason\`, Bedrock's \`messageStop\`).
* **a number**: an error with that status, in the shape of the client's dialect.
* **error event, cut**: whole events up to the failure, then an error event of the dialect, then a connection that ends without the end of the
  body: nothing that reads it can take it for whole. \`commit_ms\` is not over in the rows that fail before content and have a status.

Behind it stands \`$outcome\`. \`$usage_source\` is \`provider\` for an answer, and \`partial\` for one that broke off behind what it told of its usage.
`

/** The table as it is shown. */
export function faultsMarkdown(): string {
  const rows = faults.map(({ what, whole, stream }) => `| ${what} | ${told(whole)} | ${told(stream)} |`)
  return [intro, '| A provider that … | whole | streamed |', '|---|---|---|', ...rows, ''].join('\n')
}

/** What most dialects have, and behind it those that differ. */
function told(expected: Expected | undefined): string {
  if (!expected) return ''
  if ('gets' in expected) return shown(expected)
  const others = dialects.flatMap((dialect) => {
    const own = expectedOf(expected, dialect)
    return own && dialect in expected && shown(own) !== shown(expected.else) ? [`${names[dialect]}: ${shown(own)}`] : []
  })
  return [shown(expected.else), ...others].join('; ')
}

function shown(outcome: Outcome): string {
  if (outcome.gets === 'answer') return outcome.usage === 'none' ? 'the answer, without usage' : 'the answer'
  const gets = outcome.gets === 'cut' ? 'error event, cut' : String(outcome.status)
  return `${gets} · \`${outcome.outcome}\``
}
