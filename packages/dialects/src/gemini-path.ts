/** What the path of a call to Gemini says, and with other dialects the body: https://ai.google.dev/api/generate-content */
export interface GeminiCall {
  /** Without `models/`; that of Vertex without its publisher. */
  readonly model: string
  readonly stream: boolean
}

const calls = /\/(?:models|tunedModels)\/([^/:?]{1,256}):(generateContent|streamGenerateContent)$/

/** Reads the path of a call that generates something, decoded and without its query; undefined for any other. */
export function geminiCallOf(path: string): GeminiCall | undefined {
  const [, model, method] = calls.exec(path) ?? []
  if (model === undefined) return undefined
  return { model, stream: method === 'streamGenerateContent' }
}

/** The end of the path of a call, from behind the version or the publisher: streams come as events, not as one JSON array. */
export function geminiPath({ model, stream }: GeminiCall): string {
  const name = encodeURIComponent(model.replace(/^(?:models|google)\//, '')).replaceAll('%40', '@')
  return stream ? `/models/${name}:streamGenerateContent?alt=sse` : `/models/${name}:generateContent`
}
