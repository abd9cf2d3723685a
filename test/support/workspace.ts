import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly license?: string
  readonly description?: string
  readonly type?: string
  readonly exports?: unknown
  readonly bin?: Readonly<Record<string, string>>
  readonly publishConfig?: { readonly exports?: unknown; readonly bin?: Readonly<Record<string, string>> }
  readonly files?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  /** What it imports by name, `@koa/router` and `node:fs` for example; packages without their subpaths, relative files left out. */
  readonly imports: readonly string[]
}

export interface Package {
  /** Its folder below `packages`. */
  readonly dir: string
  readonly manifest: Manifest
  /** Names of its dependencies, sorted. */
  readonly dependencies: readonly string[]
  /** Paths that its tsconfig.json references, as they stand there. */
  readonly references: readonly string[]
  readonly sources: readonly SourceFile[]
}

export function workspacePackages(): readonly Package[] {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => packageAt(name))
    .toSorted((a, b) => a.dir.localeCompare(b.dir))
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T
}

function packageAt(dir: string): Package {
  const manifest = readJson<Manifest>(`packages/${dir}/package.json`)
  const { references = [] } = readJson<{ references?: { path: string }[] }>(`packages/${dir}/tsconfig.json`)
  return {
    dir,
    manifest,
    dependencies: Object.keys(manifest.dependencies ?? {}).toSorted(),
    references: references.map(({ path }) => path),
    sources: sourcesIn(`packages/${dir}/src`),
  }
}

function sourcesIn(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = `${folder}/${name}`
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, imports: importsOf(text) }
    })
}

const statement =
  /^(?:import|export)\b[^'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

function importsOf(text: string): readonly string[] {
  const specifiers = Array.from(
    text.matchAll(statement),
    ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '',
  )
  const packages = specifiers.filter((specifier) => !specifier.startsWith('.')).map(packageOf)
  return [...new Set(packages)].toSorted()
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
