/** A path pattern, compiled. */
export interface UriPattern {
  readonly uri: string
  /** `prefix` has nothing but a star or a named rest at its end; `pattern` has parameters or stars within. */
  readonly kind: 'exact' | 'prefix' | 'pattern'
  /** The text up to the first parameter or star. Whoever matches a path has checked it already. */
  readonly prefix: string
  /** Text and parameters between the stars: what comes before the first, then what comes after each. */
  readonly chunks: readonly (readonly Piece[])[]
  /** Name of what the end of the path is captured as, where the pattern leaves it open. */
  readonly tail: string | undefined
}

/** Literal text, or a parameter that takes one segment. */
export type Piece = string | { readonly param: string }

/** What is wrong with a path pattern, or `undefined`. */
export function checkUri(uri: string): string | undefined {
  if (!uri.startsWith('/')) return "a path starts with '/'"
  if (uri.length > 4096) return 'a path has at most 4096 characters'
  if (/[?#]/.test(uri)) return 'a path has no query and no fragment: match on the query with vars'
  if (/\p{Cc}/u.test(uri)) return 'a path has no control characters'
  if (/\/\//.test(uri)) return "'//' never matches: repeated slashes of a request are merged before it is matched"
  if (/\/\.{1,2}(?:\/|$)/.test(uri)) return "'.' and '..' never match: they are resolved before a request is matched"
  const encoded = /%(?!2f)[\da-f]{2}/i.exec(uri)
  if (encoded) return `'${encoded[0]}' never matches: paths are decoded first, so write the character itself`
  return checkNames(uri)
}

const name = /^[a-z_][\w-]*$/i

function checkNames(uri: string): string | undefined {
  const { chunks, tail } = compileUri(uri)
  const params = chunks.flat().filter((piece) => typeof piece === 'object')
  const names = [...params.map(({ param }) => param), tail ?? '']
  const followed = tail === undefined ? chunks.slice(0, -1) : chunks
  const abutting = followed.map((chunk) => chunk.at(-1)).find((piece) => typeof piece === 'object')
  const bad = params.find((piece) => piece === abutting || !name.test(piece.param))
  if (bad) return `':${bad.param}' is no parameter: a name takes the whole segment, in letters, digits, '_' and '-'`
  return new Set(names).size < names.length ? 'two parameters have the same name' : undefined
}

/** Compiles a path pattern that `checkUri` accepts. */
export function compileUri(source: string): UriPattern {
  const uri = source.replaceAll(/\*{2,}/g, '*').replaceAll('%2f', '%2F')
  const [, head = uri, , named] = /^(.*?)((?<=\/)\*([a-z_][\w-]*)|\*)$/is.exec(uri) ?? []
  const tail = head.length < uri.length ? (named ?? ':ext') : undefined
  const chunks = head.split('*').map(piecesOf)
  const [prefix = ''] = chunks[0] ?? []
  const isPlain = chunks.length === 1 && chunks[0]?.length === 1
  const open = tail === undefined ? 'exact' : 'prefix'
  const kind = isPlain ? open : 'pattern'
  return { uri: source, kind, prefix: typeof prefix === 'string' ? prefix : '', chunks, tail }
}

/** Splits text at the segments that are parameters. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(/(?<=\/):([^/]*)/g)) {
    if (match.index > from) pieces.push(text.slice(from, match.index))
    pieces.push({ param: match[1] ?? '' })
    from = match.index + match[0].length
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}
