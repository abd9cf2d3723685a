import { checkDocument, type Document, type Kind } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import { AdminError } from '../admin-error.ts'
import type { Call } from '../cli.ts'
import { ProblemsError } from '../problems-error.ts'
import { wantedOf, type FileOptions, type KernelSource } from './plan-files.ts'
import { problemIn, problemLines } from './problem-lines.ts'
import { refusedLines } from './refused-lines.ts'
import { keyOf, type Fields, type Wanted } from './wanted.ts'
import { entryOf, listOf } from './written-entry.ts'

export interface ValidateOptions extends FileOptions {
  readonly remote?: boolean
}

/** Checks files without writing anything: here, or by the server. Throws a `ProblemsError`. */
export async function validate(call: Call<ValidateOptions>, kernelOf: KernelSource): Promise<void> {
  const wanted = await wantedOf(call)
  const problems = call.options.remote === true ? await remoteProblems(call, wanted.resources) : await localProblems(wanted.resources, await kernelOf(wanted.settings))
  if (problems.length > 0) throw new ProblemsError(problems)
  const { length } = wanted.resources
  call.print(`${call.options.file.join(', ')}: ${length} ${length === 1 ? 'resource' : 'resources'}, nothing wrong`)
}

/** By the schemas and plugins that are known here, references included. */
async function localProblems(wanted: readonly Wanted[], kernel: Parameters<typeof checkDocument>[1]['kernel']): Promise<string[]> {
  const byKind = Map.groupBy(wanted, ({ kind }) => kind)
  const document: Document = {
    settings: undefined,
    // Resources are checked with their ids.
    entries: (kind) => (byKind.get(kind) ?? []).map((one) => [one.id, idIn(one)] as const),
  }
  const { issues } = await checkDocument(document, { kernel, env: () => undefined })
  const own = new Map(wanted.map((one) => [keyOf(one), one]))
  const problems = issues.filter(isNoVariable).flatMap(({ path: [kind, id, ...field], message }) => {
    const resource = own.get(keyOf({ kind: kind as Kind, id: String(id) }))
    return resource ? [problemIn(resource, field, message)] : []
  })
  return problemLines(problems)
}

function idIn({ kind, id, value }: Wanted): Fields {
  if (kind === 'plugin_metadata' || kind === 'consumers') return value
  return { id: kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id, ...value }
}

/** `$env://NAME` is of the environment that the gateway has. */
function isNoVariable({ message }: Issue): boolean {
  return !/^environment variable \S+ is not set$/.test(message)
}

/** By all that the server knows, without what resources refer to: that may be there already. */
async function remoteProblems({ client }: Call, wanted: readonly Wanted[]): Promise<readonly string[]> {
  const lists: Record<string, Fields[]> = {}
  for (const one of wanted) (lists[listOf(one.kind)] ??= []).push(entryOf(one))
  const admin = await client()
  try {
    await admin.send({ method: 'POST', path: '/apisix/admin/configs/validate', body: lists })
    return []
  } catch (error) {
    const lines = error instanceof AdminError ? refusedLines(error, wanted) : []
    if (lines.length === 0) throw error
    return lines
  }
}
