import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

/** The fenced blocks of a language in a Markdown file of the repository, in their order. */
export function blocksOf(file: string, language: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(
    text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')),
    ([, block = '']) => block,
  )
}

/** Where a Markdown file's links lead, those to other sites left out. */
export function linksOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^```[^]*?^```$/gm, '')
  return Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter(
    (target) => !/^[a-z]+:/.test(target),
  )
}
