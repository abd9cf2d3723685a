import { isRecord } from '../is-record.ts'
import type { FilePart } from '../pivot/chat-request.ts'
import { dataUrl } from '../translate/data-url.ts'
import { malformed, Untranslatable } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { bucketRule, documentAddressRule } from './rules.ts'

const formats: ReadonlyMap<string, string> = new Map([
  ['application/pdf', 'pdf'],
  ['text/csv', 'csv'],
  ['application/msword', 'doc'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['text/html', 'html'],
  ['text/plain', 'txt'],
  ['text/markdown', 'md'],
])
const medias: ReadonlyMap<string, string> = new Map([...formats].map(([media, format]) => [format, media]))
const textFormats: ReadonlySet<string> = new Set(['txt', 'md', 'csv', 'html'])

/** What a document is called that has no name: Bedrock wants one. */
const nameless = 'document'

/** Names of the documents of one request: no two are alike, and the same request gives the same. */
export class DocumentNames {
  readonly #taken = new Set<string>()

  /** The name without the ending that says the format, in the characters that Bedrock takes. */
  nameFor(filename: string | undefined, format: string): string {
    const bare = (filename ?? '').replace(new RegExp(`\\.${format}$`, 'i'), '')
    const legal = bare.replaceAll(/[^A-Za-z\d\s()[\]-]/g, '-').replaceAll(/\s+/g, ' ').trim().slice(0, 180) || nameless
    let name = legal
    for (let copy = 2; this.#taken.has(name); copy++) name = `${legal} (${copy})`
    this.#taken.add(name)
    return name
  }
}

/** A document as a block. */
export function documentFor({ file }: FilePart, at: string, names: DocumentNames): Json {
  const { format, source } = sourceFor(file, `${at}.file`)
  const { filename, context, citations } = file
  return {
    document: {
      format,
      name: names.nameFor(filename, format),
      source,
      ...(context !== undefined && context !== '' && { context }),
      ...(citations === true && { citations: { enabled: true } }),
    },
  }
}

function sourceFor({ text, file_data: data, file_url: url, filename }: FilePart['file'], at: string): { format: string; source: Json } {
  if (text !== undefined) {
    const ending = endingOf(filename)
    return { format: textFormats.has(ending) ? ending : 'txt', source: { bytes: Buffer.from(text).toString('base64') } }
  }
  if (url?.startsWith('s3://')) {
    const ending = endingOf(url)
    return { format: medias.has(ending) ? ending : 'pdf', source: { s3Location: { uri: url } } }
  }
  if (url !== undefined) throw refusal(documentAddressRule, `${at}.file_url`)
  const read = dataUrl(data ?? '')
  const format = read ? formats.get(read.media) : undefined
  if (read && format !== undefined) return { format, source: { bytes: read.base64 } }
  const what = data === undefined ? 'a file that lies with another provider cannot be read' : 'a file is a document of text, PDF, Word or Excel, as a data: URL in base64'
  throw new Untranslatable('unsupported_document', what, at)
}

function endingOf(name: string | undefined): string {
  return /\.(\w{2,4})$/.exec(name ?? '')?.[1]?.toLowerCase() ?? ''
}

/** Reads a `document` block. */
export function documentOf(document: unknown, at: string): FilePart {
  const source = isRecord(document) ? document['source'] : undefined
  if (!isRecord(document) || !isRecord(source)) throw malformed('the document has no source', `${at}.document.source`)
  const format = textIn(document['format']) ?? 'txt'
  const name = textIn(document['name'])
  const context = textIn(document['context'])
  const file: FilePart['file'] = { ...fileOf(source, format, `${at}.document.source`) }
  if (name !== undefined && !/^document(?: \(\d+\))?$/.test(name)) file.filename = `${name}.${format}`
  if (context !== undefined) file.context = context
  if (isRecord(document['citations']) && document['citations']['enabled'] === true) file.citations = true
  return { type: 'file', file }
}

function fileOf(source: Json, format: string, at: string): FilePart['file'] {
  if (source['s3Location'] !== undefined) throw refusal(bucketRule, `${at}.s3Location`)
  if (typeof source['text'] === 'string') return { text: source['text'] }
  if (Array.isArray(source['content'])) {
    return { text: source['content'].filter(isRecord).map(({ text }) => (typeof text === 'string' ? text : '')).join('') }
  }
  const bytes = textIn(source['bytes'])
  if (bytes === undefined) throw malformed('the source has neither bytes nor text', at)
  if (textFormats.has(format)) return { text: Buffer.from(bytes, 'base64').toString() }
  const media = medias.get(format)
  if (media === undefined) throw malformed(`a document is ${[...medias.keys()].join(', ')}`, at.replace(/source$/, 'format'))
  return { file_data: `data:${media};base64,${bytes}` }
}
