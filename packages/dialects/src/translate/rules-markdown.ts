import type { Rule } from './rule.ts'
import type { ClientTranslator } from './translator.ts'

const titles = {
  requestToChat: 'Requests of its clients',
  requestFromChat: 'Requests to its providers',
  answers: 'Answers',
} as const

type Ruled = Pick<ClientTranslator, 'dialect' | 'rules'>

/** The table of what gets lost in translation, out of the rules that the translators go by. */
export function rulesMarkdown(translators: readonly Ruled[]): string {
  const head = [
    '# What gets lost in translation',
    '',
    'Generated from the rules in `src/*/rules.ts` by `npm run reference`. A translation from A to B goes through OpenAI’s',
    'chat: what the clients of A lose on their way into it, and then what the providers of B lose on the way out.',
    'What is *refused* is a 400 with a code that begins with `unsupported_`, and the place as `param`; what is not named in',
    'the reference of the client’s dialect, or of one that refuses strangers, is dropped.',
  ]
  return [...head, ...translators.flatMap(sectionOf), ''].join('\n')
}

function sectionOf({ dialect, rules }: Ruled): string[] {
  const parts = (Object.keys(titles) as (keyof typeof titles)[]).flatMap((part) => {
    const known = rules[part]
    return known && known.length > 0 ? ['', `### ${titles[part]}`, '', '| What | Is | How |', '|---|---|---|', ...known.map(rowOf)] : []
  })
  return ['', `## ${dialect}`, ...parts]
}

function rowOf({ what, does, how }: Rule): string {
  return `| \`${what}\` | ${does} | ${how} |`
}
