import assert from 'node:assert/strict'
import { expect, test } from 'vitest'
import { Document, JsonSyntaxError } from '../src/index.ts'
import { Source } from '../src/source.ts'
import { StructureScan } from '../src/structure-scan.ts'
import { parseSoundly, RandomJson } from './random-json.ts'
import { cut, parseBoth } from './cut.ts'

const milliseconds = Number(process.env['SLUICE_FUZZ_MS'] ?? 900) / 3
const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_260_801)

/** Calls `round` with one seed after the other while time lasts and counts; a failure names its seed. */
function fuzz(round: (json: RandomJson) => void): number {
  const end = performance.now() + milliseconds
  let rounds = 0
  for (let next = seed; performance.now() < end || rounds < 50; next++, rounds++) {
    try {
      round(new RandomJson(next))
    } catch (cause) {
      throw new Error(`SLUICE_FUZZ_SEED=${next} fails: ${String(cause)}`, { cause })
    }
  }
  return rounds
}

const bytesOf = (document: Document): Buffer => Buffer.concat(document.toBuffers())

type Segments = (string | number)[]
type Tree = Record<string | number, unknown>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null
const keysOf = (value: Tree): Segments => (Array.isArray(value) ? [...value.keys()] : Object.keys(value))

/** A path that exists. */
function pathIn(value: unknown, json: RandomJson): Segments {
  const path: Segments = []
  for (let at = value; isTree(at) && keysOf(at).length > 0 && json.below(4) > 0; ) {
    const key = json.pick(keysOf(at))
    path.push(Array.isArray(at) && json.below(2) === 0 ? (key as number) - at.length : key)
    at = at[key]
  }
  return path
}

const at = (value: unknown, path: Segments): unknown =>
  path.reduce<unknown>((tree, key) => (Array.isArray(tree) ? tree.at(key as number) : (tree as Tree)[key]), value)

/** The same edit on a parsed value; own properties only, so that `__proto__` is a name like any other. */
function put(tree: unknown, path: Segments, value: unknown): unknown {
  const last = path.at(-1)
  if (last === undefined) return value
  const parent = at(tree, path.slice(0, -1)) as Tree
  const key = typeof last === 'number' && last < 0 ? last + (parent as unknown as unknown[]).length : last
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
  return tree
}

interface Edited {
  readonly verb: 'set' | 'add' | 'delete' | 'insert'
  readonly path: Segments
}

/** Edits document and value alike. */
function edit(document: Document, model: { tree: unknown }, json: RandomJson): Edited | undefined {
  const path = pathIn(model.tree, json)
  const target = at(model.tree, path)
  const value = json.plain()
  const isFirst = json.below(2) === 0
  switch (json.below(4)) {
    case 0:
      document.set(path, value)
      model.tree = put(model.tree, path, value)
      return { verb: 'set', path }
    case 1: {
      const last = path.at(-1)
      if (last === undefined) return undefined
      const parent = at(model.tree, path.slice(0, -1))
      assert.equal(document.delete(path), true)
      if (Array.isArray(parent)) parent.splice(last as number, 1)
      else delete (parent as Tree)[last]
      return { verb: 'delete', path }
    }
    case 2: {
      if (!isTree(target) || Array.isArray(target) || Object.hasOwn(target, 'new')) return undefined
      document.set([...path, 'new', 'er'], value)
      target['new'] = { er: value }
      return { verb: 'add', path }
    }
    default: {
      if (Array.isArray(target)) {
        document[isFirst ? 'prepend' : 'append'](path, [value, 0])
        target[isFirst ? 'unshift' : 'push'](structuredClone(value), 0)
        return { verb: 'insert', path }
      }
      if (typeof target !== 'string') return undefined
      document[isFirst ? 'prependText' : 'appendText'](path, 'new "\ud83d')
      model.tree = put(model.tree, path, isFirst ? `new "\ud83d${target}` : `${target}new "\ud83d`)
      return { verb: 'insert', path }
    }
  }
}

function commonEnds(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let head = 0
  while (head < length && a[head] === b[head]) head++
  let tail = 0
  while (tail < length && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  return head + tail
}

test('agrees with JSON.parse on values, names, lengths and edits', { timeout: milliseconds + 5000 }, () => {
  const rounds = fuzz((json) => {
    const text = json.document()
    let document = Document.parse(json.below(2) === 0 ? Buffer.from(text) : cut(Buffer.from(text), json))
    const model = { tree: parseSoundly(text) }
    for (let step = 0; step < 8; step++) {
      const path = pathIn(model.tree, json)
      const value = at(model.tree, path)
      assert.deepEqual(document.get(path), value, `get ${JSON.stringify(path)} of ${text}`)
      assert.equal(document.has([...path, 'absent']), false)
      if (Array.isArray(value)) assert.equal(document.length(path), value.length)
      else if (isTree(value)) assert.deepEqual(document.keys(path).toSorted(), Object.keys(value).toSorted())
      edit(document, model, json)
      const before = bytesOf(document)
      if (json.below(3) === 0) {
        const fork = document.fork()
        const other = { tree: structuredClone(model.tree) }
        // structuredClone drops nothing that JSON has, and the two must part company here.
        const [kept, changed] = json.below(2) === 0 ? [document, fork] : [fork, document]
        edit(changed, other, json)
        assert.deepEqual(parseSoundly(bytesOf(changed).toString()), other.tree, `fork of ${text}`)
        assert.ok(bytesOf(kept).equals(before))
        document = kept
      }
      assert.deepEqual(parseSoundly(bytesOf(document).toString()), model.tree, `edited ${text}`)
      assert.equal(document.byteLength, before.length)
    }
    assert.deepEqual(document.get([]), model.tree, text)
  })
  expect(rounds).toBeGreaterThanOrEqual(50)
})

test('leaves every byte outside an edit as and where it was', { timeout: milliseconds + 5000 }, () => {
  const rounds = fuzz((json) => {
    const received = Buffer.from(json.document())
    const document = Document.parse(json.below(2) === 0 ? received : cut(received, json))
    const original = document.fork()
    const edited = edit(document, { tree: document.get([]) }, json)
    if (edited === undefined) return
    const written = bytesOf(document)
    const { verb, path } = edited
    const what = `${verb} ${JSON.stringify(path)}: ${received} became ${written}`
    if (verb === 'insert' || verb === 'add') assert.ok(commonEnds(received, written) >= received.length, what)
    else if (verb === 'set') {
      const [before, after] = [original.raw(path)!, document.raw(path)!]
      const isSplice = (start: number) =>
        written.equals(Buffer.concat([received.subarray(0, start), after, received.subarray(start + before.length)]))
      let start = received.indexOf(before)
      while (start !== -1 && !isSplice(start)) start = received.indexOf(before, start + 1)
      assert.notEqual(start, -1, what)
    } else if (typeof path.at(-1) === 'number' || !hasTwins(original, path)) {
      assert.ok(commonEnds(received, written) >= written.length, what)
      assert.ok(received.length - written.length >= original.raw(path)!.length, what)
    }
  })
  expect(rounds).toBeGreaterThanOrEqual(50)
})

function hasTwins(document: Document, path: Segments): boolean {
  const parent = Document.parse(document.raw(path.slice(0, -1))!)
  return parent.duplicate([String(path.at(-1))]) !== undefined
}

test('accepts and refuses what JSON.parse does', { timeout: milliseconds + 5000 }, () => {
  const rounds = fuzz((json) => {
    let bytes: Buffer = Buffer.from(json.document())
    for (let i = json.below(3); i >= 0; i--) bytes = mutate(bytes, json)
    const text = bytes.toString()
    let expected: unknown
    try {
      expected = parseSoundly(text)
    } catch {
      const refused = parseBoth(bytes, json)
      assert.ok(refused instanceof JsonSyntaxError, `accepted ${text}`)
      assert.ok(refused.offset <= bytes.length, String(refused))
      assert.equal(byHand(cut(bytes, json)), String(refused))
      return
    }
    assert.deepEqual(Document.parse(bytes).get([]), expected, text)
    assert.deepEqual(Document.parse(cut(bytes, json)).get([]), expected, text)
    assert.equal(byHand([bytes]), bytes.toString('latin1').replace(/[ \t\r\n]+$/, '').length)
  })
  expect(rounds).toBeGreaterThanOrEqual(50)
})

/** What becomes of it where the machine cannot skip strings: the end of the value, or what is wrong. */
function byHand(pieces: readonly Buffer[]): number | string {
  const source = new Source(pieces)
  const scan = new StructureScan(source, undefined)
  let base = 0
  try {
    for (const piece of pieces) {
      scan.over(piece, base, 0)
      base += piece.length
    }
    scan.finish(base)
    return scan.end
  } catch (error) {
    return String(error)
  }
}

function mutate(bytes: Buffer, json: RandomJson): Buffer {
  const start = json.below(bytes.length + 1)
  const end = json.below(3) === 0 ? start : Math.min(bytes.length, start + json.below(3))
  const byte = json.pick([...Buffer.from('"\\,{}[]:0-.e\n\0'), json.below(256)])
  const insert = Buffer.from(json.below(3) === 0 ? [] : [byte])
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(end)])
}
