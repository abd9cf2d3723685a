import { parseAside, readDocument, type FileDocument, type Problem, type ReadConfigText } from '@sluice/config'
import { ConfigError, type Issue } from '@sluice/kernel'
import { InvalidChangeError } from '@sluice/store'
import { InvalidConfigError } from './invalid-config-error.ts'

/** The text of a configuration file, read into resources. */
export class FileText {
  readonly file: string
  readonly document: FileDocument
  readonly #parsed: ReadConfigText

  /** Rejects with an `InvalidConfigError` where it is neither YAML nor JSON. */
  static async read(text: string, file: string): Promise<FileText> {
    const parsed = await parseAside(text)
    if (parsed.issues.length > 0) throw await InvalidConfigError.of(parsed.issues, file, parsed)
    return new FileText(file, parsed)
  }

  private constructor(file: string, parsed: ReadConfigText) {
    this.file = file
    this.#parsed = parsed
    this.document = readDocument(parsed.value)
  }

  /** What is wrong with it, by place; with what is wrong with how it is laid out. */
  invalid(issues: readonly Problem[]): Promise<InvalidConfigError> {
    return InvalidConfigError.of([...this.document.issues, ...this.document.placed(issues)], this.file, this.#parsed)
  }

  /** The same error; where it tells of issues, the `InvalidConfigError` that says where in the file they are. */
  async explained(error: unknown): Promise<unknown> {
    const issues: readonly Issue[] | undefined = error instanceof ConfigError || error instanceof InvalidChangeError ? error.issues : undefined
    return issues ? this.invalid(issues) : error
  }
}
