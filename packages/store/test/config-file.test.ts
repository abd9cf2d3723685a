import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, rm, symlink, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { FileStore } from '@sluice/config'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ConfigFile, StaleFileError, type ConfigFileOptions } from '../src/index.ts'

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-config-file-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

async function written(text = 'one', options: ConfigFileOptions = {}): Promise<{ dir: string; file: string; config: ConfigFile }> {
  const dir = await directory()
  const file = join(dir, 'gateway.yaml')
  writeFileSync(file, text)
  const config = new ConfigFile(file, text, options)
  onTestFinished(() => config.flush())
  return { dir, file, config }
}

const read = (file: string): string => readFileSync(file, 'utf8')

const eventually = (holds: () => boolean): Promise<unknown> => vi.waitUntil(holds, { timeout: 15_000, interval: 5 })

/** A file that is written here and watched. */
async function watched(): Promise<{ file: string; config: ConfigFile; told: string[] }> {
  const dir = await directory()
  const file = join(dir, 'gateway.yaml')
  writeFileSync(file, 'one')
  const store = new FileStore(file, 'one', { interval: 2 })
  onTestFinished(() => store.close())
  const config = new ConfigFile(file, 'one', { onWrite: (text) => store.know(text) })
  onTestFinished(() => config.flush())
  const told: string[] = []
  store.watch((text) => {
    told.push(text)
    config.accept(text)
  })
  return { file, config, told }
}

describe('ConfigFile', () => {
  test('has every reader see the new text, and leaves nothing beside the file', async () => {
    const { dir, file, config } = await written()
    await config.write('two')
    expect(read(file)).toBe('two')
    await Promise.all([config.write('three'), config.write('four')])
    expect(read(file)).toBe('four')
    await config.flush()
    expect(readdirSync(dir)).toEqual(['gateway.yaml'])
  })

  test('is on the disk, and has tidied up, soon without being asked', async () => {
    const { dir, config } = await written()
    await config.write('two')
    await eventually(() => readdirSync(dir).length === 1)
    expect(readdirSync(dir)).toEqual(['gateway.yaml'])
  })

  test('keeps the mode of the file', async () => {
    const { file, config } = await written()
    await chmod(file, 0o640)
    await config.write('two')
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  test('follows a symbolic link, and leaves the link', async () => {
    const { dir, file } = await written()
    await symlink('gateway.yaml', join(dir, 'link.yaml'))
    const config = new ConfigFile(join(dir, 'link.yaml'), 'one')
    await config.write('two')
    expect((await lstat(join(dir, 'link.yaml'))).isSymbolicLink()).toBe(true)
    expect(read(file)).toBe('two')
    await config.flush()
  })

  test.for([
    { way: 'in place', save: (file: string) => writeFileSync(file, 'theirs') },
    {
      way: 'in place, with the same size and time',
      save: (file: string) => {
        const { atime, mtime } = statSync(file)
        writeFileSync(file, 'owt')
        return utimes(file, atime, mtime)
      },
    },
    {
      way: 'by rename',
      save: (file: string) => {
        writeFileSync(`${file}.new`, 'theirs')
        renameSync(`${file}.new`, file)
      },
    },
  ])('refuses to write over what somebody else saved $way', async ({ save }) => {
    const { file, config } = await written()
    await config.write('two')
    await save(file)
    const theirs = read(file)
    await expect(config.write('three')).rejects.toThrow(StaleFileError)
    await expect(config.write('three')).rejects.toThrow(`${file} was changed by somebody else since it was read`)
    expect(read(file)).toBe(theirs)
    config.accept(theirs)
    await config.write('three')
    expect(read(file)).toBe('three')
  })

  test('refuses where a symbolic link was swapped, as ConfigMaps are', async () => {
    const dir = await directory()
    for (const version of ['v1', 'v2']) {
      await mkdir(join(dir, version))
      writeFileSync(join(dir, version, 'gateway.yaml'), version)
    }
    symlinkSync('v1', join(dir, '..data'))
    symlinkSync('..data/gateway.yaml', join(dir, 'gateway.yaml'))
    const config = new ConfigFile(join(dir, 'gateway.yaml'), 'v1')
    symlinkSync('v2', join(dir, '..next'))
    renameSync(join(dir, '..next'), join(dir, '..data'))
    await expect(config.write('v3')).rejects.toThrow(StaleFileError)
    expect(read(join(dir, 'v1/gateway.yaml'))).toBe('v1')
    expect(read(join(dir, 'v2/gateway.yaml'))).toBe('v2')
  })

  test('says that the file is gone', async () => {
    const { file, config } = await written()
    await rm(file)
    await expect(config.write('two')).rejects.toThrow(`${file} is gone`)
  })

  test('does not write over a text that is accepted while it is about to write', async () => {
    const { dir, file, config } = await written()
    writeFileSync(file, 'theirs')
    const mine = config.write('mine')
    config.accept('theirs')
    await expect(mine).rejects.toThrow(StaleFileError)
    expect(read(file)).toBe('theirs')
    expect(readdirSync(dir)).toEqual(['gateway.yaml'])
  })

  test('does not mind a file that was touched', async () => {
    const { file, config } = await written()
    await utimes(file, 1, 1)
    await config.write('two')
    expect(read(file)).toBe('two')
  })

  test('refuses a file that is not UTF-8: writing it back would change it', async () => {
    const dir = await directory()
    const file = join(dir, 'gateway.yaml')
    writeFileSync(file, Buffer.from('# caf\xe9\n', 'latin1'))
    const config = new ConfigFile(file, read(file))
    await expect(config.write('two')).rejects.toThrow('is not UTF-8 throughout')
    expect(readFileSync(file, 'latin1')).toBe('# caf\xe9\n')
  })

  test('gives the file back to an editor that had it open and writes in place', async () => {
    const { dir, file, config } = await written('one', { syncWithin: 10_000 })
    const editor = openSync(file, 'r+')
    await config.write('two')
    writeSync(editor, 'theirs, at first')
    await eventually(() => read(file) !== 'two')
    expect(read(file)).toBe('theirs, at first')
    writeSync(editor, ' and later')
    closeSync(editor)
    expect(read(file)).toBe('theirs, at first and later')
    await expect(config.write('three')).rejects.toThrow(StaleFileError)
    await config.flush()
    expect(readdirSync(dir)).toEqual(['gateway.yaml'])
  })

  test('notices such an editor at the next change at the latest', async () => {
    const { file, config } = await written()
    const editor = openSync(file, 'r+')
    await config.write('two')
    writeSync(editor, 'theirs')
    closeSync(editor)
    await expect(config.write('three')).rejects.toThrow(StaleFileError)
    expect(read(file)).toBe('theirs')
  })

  test('loses no save of editors that write while it writes', async () => {
    const { file, config } = await written('0')
    const overwritten: string[] = []
    let saves = 0
    let refused = 0
    for (let count = 1; count <= 300; count++) {
      const mine = config.write(`mine ${count}`).then(
        () => undefined,
        (error: unknown) => error,
      )
      let save: string | undefined
      if (count % 3 === 0) {
        await setTimeout(count % 4 === 0 ? 1 : 0)
        save = `theirs ${(saves += 1)}`
        if (count % 2 === 0) writeFileSync(file, save)
        else {
          writeFileSync(`${file}.new`, save)
          renameSync(`${file}.new`, file)
        }
      }
      const error = await mine
      if (error !== undefined && !(error instanceof StaleFileError)) throw error
      if (error !== undefined) refused += 1
      // Whoever was refused has left the file alone; whoever saved after a change that was made has the file.
      if (save !== undefined) {
        if (read(file) !== save) overwritten.push(save)
        config.accept(save)
      }
    }
    expect(overwritten).toEqual([])
    expect(saves).toBe(100)
    expect(refused).toBeLessThanOrEqual(saves)
  })

  test('says why a directory cannot be written to', async () => {
    const { dir, file } = await written()
    await chmod(dir, 0o555)
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'write-once.ts'), file])
    await chmod(dir, 0o755)
    expect(stdout).toBe(
      `${file} cannot be written (EACCES): files cannot be created in ${dir}, which takes the right to write to that directory`,
    )
    expect(read(file)).toBe('one')
  })

  test('leaves one whole text or another when the process is killed, and cleans up after it', { timeout: 60_000 }, async () => {
    const { dir, file } = await written('# 0\n# end 0\n')
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'write-forever.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await setTimeout(round * 9)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const text = read(file)
      const [, count] = /^# (\d+)\n/.exec(text) ?? []
      expect(text.endsWith(`# end ${count}\n`)).toBe(true)
    }
    writeFileSync(join(dir, `.gateway.yaml.${process.pid}-0123456789ab.sluice-new`), 'of a process before this one')
    writeFileSync(join(dir, `.gateway.yaml.${process.ppid}-0123456789ab.sluice-new`), 'of a process that runs')
    writeFileSync(join(dir, '.gateway.yaml.swp'), 'of an editor')
    const config = new ConfigFile(file, read(file))
    expect((await config.clean()).length).toBeGreaterThan(0)
    expect(readdirSync(dir).toSorted()).toEqual(['.gateway.yaml.swp', `.gateway.yaml.${process.ppid}-0123456789ab.sluice-new`, 'gateway.yaml'].toSorted())
  })
})

describe('ConfigFile and FileStore', () => {
  test('what is written here is not told as a change, what others save is', async () => {
    const { file, config, told } = await watched()
    for (let count = 1; count <= 50; count++) {
      await config.write(`mine ${count}`)
      await setTimeout(count % 5)
    }
    writeFileSync(file, 'theirs')
    await eventually(() => told.length > 0)
    expect(told).toEqual(['theirs'])
    await config.write('mine again')
    writeFileSync(file, 'theirs, later')
    await eventually(() => told.length > 1)
    expect(told).toEqual(['theirs', 'theirs, later'])
  })

  test('a save that follows a change at once is told once, also where it takes the change back', async () => {
    const { file, config, told } = await watched()
    await config.write('two')
    writeFileSync(file, 'one')
    await eventually(() => told.length > 0)
    await config.write('three')
    writeFileSync(file, 'four')
    await eventually(() => told.length > 1)
    expect(told).toEqual(['one', 'four'])
  })
})
