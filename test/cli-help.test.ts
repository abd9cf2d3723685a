import { readFileSync } from 'node:fs'
import { examplesOf } from '@sluice/cli'
import { createCli } from '@sluice/gateway'
import { expect, test } from 'vitest'
import { runCommand } from '../packages/cli/test/support/in-process.ts'
import { commandsFile, commandsMarkdown, leavesOf } from './support/commands-markdown.ts'
import { commandsIn } from './support/shell-commands.ts'

const leaves = leavesOf()

test('the reference of the commands is what the parser knows', () => {
  expect(readFileSync(commandsFile, 'utf8'), 'packages/cli/COMMANDS.md is out of date: run `npm run reference`').toBe(commandsMarkdown())
})

test('there is every command that a7 has, under its name and its short one', () => {
  const words = leaves.map(({ words: [, ...rest] }) => rest.join(' '))
  const resources = ['route', 'service', 'upstream', 'consumer', 'credential', 'ssl', 'global-rule', 'plugin-config', 'consumer-group', 'plugin-metadata', 'secret', 'proto', 'stream-route', 'gateway-group']
  const expected = [
    ...resources.flatMap((name) => ['create', 'get', 'list', 'update', 'delete', 'export'].map((verb) => `${name} ${verb}`)),
    ...['create', 'use', 'current', 'list', 'delete'].map((verb) => `context ${verb}`),
    ...['sync', 'diff', 'dump', 'validate'].map((verb) => `config ${verb}`),
    'plugin list',
    'plugin get',
    'version',
    'completion',
    'start',
    'validate',
    'routes',
  ]
  expect(expected.filter((one) => !words.includes(one))).toEqual([])
  const { program } = createCli({ env: {}, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr })
  const known = program.commands.flatMap((command) => [command.name(), ...command.aliases()])
  expect(['rt', 'svc', 'us', 'c', 'cred', 'gr', 'pc', 'cg', 'pm', 'pl', 'sec', 'pb', 'sr', 'gg'].filter((alias) => !known.includes(alias))).toEqual([])
})

test.for(leaves)('$words says what it does, with examples that the parser takes', async ({ words, command }) => {
  const [, ...path] = words
  const { code, stdout, stderr } = await runCommand(createCli, [...path, '--help'], { columns: 200 })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Usage: sluice .*\n\n\S.*\.\n/)
  const examples = examplesOf(command)
  expect(examples.length).toBeGreaterThan(0)
  expect(stdout).toContain(examples.flatMap((example) => example.split('\n')).map((line) => `  ${line}\n`).join(''))
})

test('every example is one of its own command, and parses', async () => {
  const examples = leaves.flatMap(({ words, command }) => examplesOf(command).map((example) => ({ words, example })))
  const commands = await commandsIn(examples.map(({ example }) => example).join('\n'))
  expect(commands).toHaveLength(examples.length)
  const said: string[] = []
  const output = { write: (text: string) => said.push(text) }
  const { program } = createCli({ env: {}, stdin: process.stdin, stdout: output, stderr: output })
  const reached: (readonly string[])[] = []
  for (const { words, command } of leavesOf(program)) command.action(() => void reached.push(words))
  for (const { args } of commands) await program.parseAsync(['node', 'sluice', ...args])
  expect([said, reached]).toEqual([[], examples.map(({ words }) => words)])
})

test('an option that there is not, a missing argument and a wrong choice are told, with exit code 1', async () => {
  const cases = [
    { args: ['route', 'list', '--unheard-of'], says: "error: unknown option '--unheard-of'" },
    { args: ['route', 'get'], says: "error: missing required argument 'id'" },
    { args: ['route', 'list', '-o', 'xml'], says: "argument 'xml' is invalid. Allowed choices are json, yaml, table." },
    { args: ['credential', 'list'], says: "error: required option '--consumer <username>' not specified" },
    { args: ['rout', 'list'], says: "error: unknown command 'rout'\n(Did you mean route?)" },
    { args: ['route', 'craete'], says: "error: unknown command 'craete'\n(Did you mean create?)" },
    { args: ['completion', 'csh'], says: 'Allowed choices are bash, zsh, fish.' },
  ]
  const done = await Promise.all(cases.map(({ args }) => runCommand(createCli, args)))
  expect(done).toEqual(cases.map(({ says }) => ({ code: 1, stdout: '', stderr: expect.stringContaining(says) as string })))
})
