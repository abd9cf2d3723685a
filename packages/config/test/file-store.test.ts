import { appendFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { FileStore } from '../src/index.ts'

const open: FileStore[] = []
afterEach(() => open.splice(0).forEach((store) => store.close()))

interface Watched {
  readonly dir: string
  readonly file: string
  readonly errors: Error[]
  /** The next text that is told. */
  next(): Promise<string>
  nextError(): Promise<Error>
}

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-file-store-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

function watch(dir: string, file: string, text: string): Watched {
  const texts = queue<string>()
  const errors = queue<Error>()
  const seen: Error[] = []
  const store = new FileStore(file, text, { interval: 5 })
  open.push(store)
  store.watch(texts.push, (error) => {
    seen.push(error)
    errors.push(error)
  })
  return { dir, file, errors: seen, next: texts.shift, nextError: errors.shift }
}

async function watchedFile(text = 'one'): Promise<Watched> {
  const dir = await directory()
  const file = join(dir, 'gateway.yaml')
  writeFileSync(file, text)
  return watch(dir, file, text)
}

function queue<T>(): { push(item: T): void; shift(): Promise<T> } {
  const items: T[] = []
  const waiting: ((item: T) => void)[] = []
  return {
    push(item) {
      const resolve = waiting.shift()
      if (resolve) resolve(item)
      else items.push(item)
    },
    shift: () => (items.length > 0 ? Promise.resolve(items.shift()!) : new Promise((resolve) => waiting.push(resolve))),
  }
}

/** Resolves once a store that looks less often has told something: by then the others have looked many times. */
function slowerLook(file: string): Promise<void> {
  const store = new FileStore(file, 'never', { interval: 50 })
  open.push(store)
  return new Promise((resolve) => {
    store.watch(
      () => resolve(),
      () => resolve(),
    )
  })
}

describe('FileStore', () => {
  test('tells of a change', async () => {
    const { file, next } = await watchedFile()
    writeFileSync(file, 'two')
    expect(await next()).toBe('two')
    writeFileSync(file, 'three')
    expect(await next()).toBe('three')
  })

  test('tells soon with its own interval', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, 'one')
    const store = new FileStore(file, 'one')
    open.push(store)
    const { promise, resolve } = Promise.withResolvers<string>()
    store.watch(resolve)
    writeFileSync(file, 'two')
    const before = performance.now()
    expect(await promise).toBe('two')
    expect(performance.now() - before).toBeLessThan(4000)
  })

  test('tells of a change between reading and watching', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, 'two')
    expect(await watch(dir, file, 'one').next()).toBe('two')
  })

  test('sees a file that is replaced by rename', async () => {
    const { dir, file, next } = await watchedFile()
    for (const text of ['two', 'three']) {
      writeFileSync(join(dir, 'new'), text)
      await rename(join(dir, 'new'), file)
      expect(await next()).toBe(text)
    }
  })

  test('sees a symbolic link that is swapped, as ConfigMaps are', async () => {
    const dir = await directory()
    for (const version of ['v1', 'v2']) {
      await mkdir(join(dir, version))
      writeFileSync(join(dir, version, 'gateway.yaml'), version)
    }
    await symlink('v1', join(dir, '..data'))
    await symlink('..data/gateway.yaml', join(dir, 'gateway.yaml'))
    const { next } = watch(dir, join(dir, 'gateway.yaml'), 'v1')
    await symlink('v2', join(dir, '..data_tmp'))
    await rename(join(dir, '..data_tmp'), join(dir, '..data'))
    expect(await next()).toBe('v2')
  })

  test('says once that the file is gone, and sees it come back', async () => {
    const { file, next, nextError, errors } = await watchedFile()
    await rm(file)
    expect(await nextError()).toMatchObject({ code: 'ENOENT' })
    await slowerLook(file)
    writeFileSync(file, 'two')
    expect(await next()).toBe('two')
    expect(errors).toHaveLength(1)
    await rm(file)
    expect(await nextError()).toMatchObject({ code: 'ENOENT' })
  })

  test('waits a little longer before it believes that a file is empty', async () => {
    const { file, next } = await watchedFile()
    writeFileSync(file, '')
    expect(await next()).toBe('')
    writeFileSync(file, 'two')
    expect(await next()).toBe('two')
  })

  test('does not mind a file that is touched, or comes back as it was', async () => {
    const { file, next } = await watchedFile()
    await utimes(file, new Date(), new Date(0))
    await slowerLook(file)
    await rm(file)
    writeFileSync(file, 'one')
    await slowerLook(file)
    writeFileSync(file, 'two')
    expect(await next()).toBe('two')
  })

  test('sees a change that keeps size and time of modification', async () => {
    const { file, next } = await watchedFile()
    await utimes(file, 1000, 1000)
    writeFileSync(file, 'two')
    await utimes(file, 1000, 1000)
    expect(await next()).toBe('two')
  })

  test('tells nothing of a file for as long as it is being written', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, 'old')
    const texts = queue<string>()
    const store = new FileStore(file, 'old', { interval: 100 })
    open.push(store)
    store.watch(texts.push)
    writeFileSync(file, '')
    for (let line = 1; line <= 50; line++) {
      appendFileSync(file, `line ${line}\n`)
      await setTimeout(15) // far more often than it is looked at
    }
    expect(await texts.shift()).toMatch(/^line 1\n[^]*line 50\n$/)
  })

  test('looks no further while a change is being applied, and then tells the last of those that came', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, 'old')
    const told = queue<string>()
    const applied = Promise.withResolvers<void>()
    const store = new FileStore(file, 'old', { interval: 5 })
    open.push(store)
    store.watch((text) => {
      told.push(text)
      return applied.promise
    })
    writeFileSync(file, 'first')
    expect(await told.shift()).toBe('first')
    writeFileSync(file, 'second')
    await slowerLook(file)
    writeFileSync(file, 'third')
    await slowerLook(file)
    applied.resolve()
    expect(await told.shift()).toBe('third')
  })

  test('tells nothing of a text that it is said to know, and everything that differs from it', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, 'one')
    const told = queue<string>()
    const store = new FileStore(file, 'one', { interval: 5 })
    open.push(store)
    store.watch(told.push)
    writeFileSync(file, 'two')
    store.know('two')
    await slowerLook(file)
    writeFileSync(file, 'one')
    expect(await told.shift()).toBe('one')
  })

  test('tells nothing after it was closed', async () => {
    const { file, next } = await watchedFile()
    const texts: string[] = []
    const store = new FileStore(file, 'one', { interval: 5 })
    store.watch((text) => texts.push(text))
    store.close()
    writeFileSync(file, 'two')
    expect(await next()).toBe('two')
    expect(texts).toEqual([])
  })
})
