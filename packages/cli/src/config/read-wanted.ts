import { formatProblem, isRecord, parseConfig, readDocument, type Env, type ParsedConfig, type Problem } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import { adcLayout } from './adc-layout.ts'
import type { ConfigFile } from './config-files.ts'
import { entriesOf } from './entries-of.ts'
import type { FileFormat } from './file-formats.ts'
import { fillEarly, fillVariables } from './fill-variables.ts'
import { flatLayout } from './flat-layout.ts'
import type { Layout } from './layout.ts'
import { ProblemsError } from '../problems-error.ts'
import { problemIn, problemLines, type FileProblem } from './problem-lines.ts'
import { tellFormat } from './tell-format.ts'
import { keyOf, ownFields, type Fields, type Wanted, type WantedState } from './wanted.ts'

export interface ReadOptions {
  /** What `${NAME}` in files of ADC and `${{NAME}}` in those of APISIX stand for. */
  readonly env: Env
  /** Of all files; by default each tells its own by what it holds. */
  readonly format?: FileFormat
}

/** Reads files into the resources that they ask for. Throws a `ProblemsError` with all that is wrong with all of them. */
export function readWanted(files: readonly ConfigFile[], options: ReadOptions): WantedState {
  const read = files.map((file) => readFile(file, options))
  const problems: FileProblem[] = read.flatMap((one) => one.problems)
  const resources: Wanted[] = []
  const seen = new Map<string, Wanted>()
  for (const resource of read.flatMap((one) => one.resources)) {
    const other = seen.get(keyOf(resource))
    if (other) problems.push(problemIn(resource, [], `is in ${placeOf(other)} already`))
    seen.set(keyOf(resource), resource)
    resources.push(resource)
  }
  if (problems.length > 0) throw new ProblemsError(problemLines(problems))
  return { resources, notes: read.flatMap((one) => one.notes), settings: read.find((one) => one.settings)?.settings }
}

interface ReadFile extends WantedState {
  readonly problems: readonly FileProblem[]
}

function readFile({ name, text }: ConfigFile, { env, format: asked }: ReadOptions): ReadFile {
  const early = isOfApisix(text, asked) ? fillEarly(text, env) : { text, missing: [] }
  if (early.missing.length > 0) return failed(name, early.missing)
  const { value, issues, locate } = parseConfig(early.text)
  if (issues.length > 0) return failed(name, issues)
  if (!isRecord(value)) return failed(name, [{ path: [], message: 'must be an object' }])
  const told = asked ? { format: asked } : tellFormat(value, text)
  if ('problem' in told) return failed(name, [told.problem], locate)
  const layout = told.format === 'adc' ? adcIn(value, env) : flatLayout(value, told.format)
  const document = readDocument(layout.lists)
  const { entries, issues: wrong } = entriesOf(document)
  const resources = entries.map(([kind, id, fields]) => ({
    kind,
    id,
    value: ownFields(fields),
    file: name,
    locate(field: Issue['path']) {
      const path = layout.placeOf(document.placeOf([kind, id, ...field]))
      return { path, position: locate(path) }
    },
  }))
  const laidOut = wrong.map((issue) => ({ ...issue, path: layout.placeOf(issue.path) }))
  return {
    resources,
    notes: layout.notes.map((note) => `${name}: ${note}`),
    settings: layout.settings === undefined ? undefined : { file: name, value: layout.settings },
    problems: [...layout.issues, ...laidOut].map((problem) => placed(problem, name, locate)),
  }
}

function failed(name: string, problems: readonly Problem[], locate?: ParsedConfig['locate']): ReadFile {
  return { resources: [], notes: [], problems: problems.map((problem) => placed(problem, name, locate)) }
}

function adcIn(value: Fields, env: Env): Layout {
  const missing: Problem[] = []
  const layout = adcLayout(fillVariables(value, env, missing) as Fields)
  return { ...layout, issues: [...missing, ...layout.issues] }
}

/** Before it is read: afterwards it is too late for APISIX’s variables. */
function isOfApisix(text: string, asked: FileFormat | undefined): boolean {
  return asked === undefined ? !/^["']?(?:version|gateway)["']?\s*:/m.test(text) : asked === 'apisix'
}

function placed(problem: Problem, file: string, locate?: ParsedConfig['locate']): FileProblem {
  const position = problem.position ?? locate?.(problem.path)
  return { ...problem, file, ...(position && { position }) }
}

/** `a.yaml:3:5 routes[0]`. */
function placeOf(resource: Wanted): string {
  return formatProblem(problemIn(resource, [], ''), resource.file).replace(/: $/, '')
}
