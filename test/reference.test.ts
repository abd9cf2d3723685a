import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { builtInPlugins } from '@sluice/gateway'
import { reference, referenceFile } from './support/reference.ts'

const written = readFileSync(referenceFile, 'utf8')

test('the configuration reference is what the schemas say', () => {
  expect(written, 'packages/config/REFERENCE.md is out of date: run `npm run reference`').toBe(reference())
})

test.for(builtInPlugins().filter(({ name }) => name.startsWith('ai-')))(
  'the configuration reference tells of $name',
  ({ name }) => {
    expect(written).toContain(`### \`${name}\`\n`)
  },
)

test('every row of the reference says what its field is', () => {
  const rows = written.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(100)
  expect(
    rows.filter(
      (row) =>
        row
          .split(/(?<!\\)\|/)
          .at(-2)
          ?.trim() === '',
    ),
  ).toEqual([])
})
