import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test, vi } from 'vitest'
import { startCommandLine } from './support/command-line.ts'
import { temporaryFolder } from './support/program.ts'
import { root } from './support/workspace.ts'

// A shell that runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** A folder with the program in it, under its own name. */
async function programFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'bin')
  await mkdir(folder)
  await writeFile(join(folder, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'packages/gateway/src/main.ts')}' "$@"\n`)
  await chmod(join(folder, 'sluice'), 0o755)
  return folder
}

test('bash, given what completion prints, completes commands and what the gateway has', async () => {
  const { sluice, server, token } = await startCommandLine()
  await sluice(['upstream', 'create', 'u', '--nodes', '127.0.0.1:80=1'])
  await sluice(['route', 'create', 'chat', '--uri', '/a', '--upstream-id', 'u'])
  // What bash does when somebody presses the tabulator: the function that `complete` names is called, and COMPREPLY is what it found.
  const script = String.raw`
    source <(sluice completion bash)
    [[ $(complete -p sluice) == 'complete -F _sluice sluice' ]] || exit 1
    press() { COMP_LINE=$1 COMP_POINT=${'${'}#1}; _sluice sluice "$2" ''; printf '%s\n' "${'${'}COMPREPLY[*]}"; }
    press 'sluice rou' rou
    press 'sluice route ' ''
    press 'sluice route get ch' ch
    press 'sluice route list --output=j' j
  `
  const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script], {
    env: { PATH: `${await programFolder()}:${process.env['PATH']}`, SLUICE_SERVER: server, SLUICE_TOKEN: token, HOME: await temporaryFolder() },
  })
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual(['routes route', 'create get list update delete export', 'chat', 'json', ''])
})
