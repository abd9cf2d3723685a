import { traitsOf as claudeTraitsOf, type ModelTraits as ClaudeTraits } from '../anthropic-messages/models.ts'

/** What the models on Bedrock differ in, as far as a request must know it. */
export interface ModelTraits {
  /** How much to think is told as Anthropic does, by Nova's `reasoningConfig`, by OpenAI's word, or not at all. */
  readonly thinks: 'claude' | 'nova' | 'word' | 'never'
  /** Where `top_k` stands among the fields of the model's own: under its name, or in Nova's `inferenceConfig`. */
  readonly topK: 'top_k' | 'k' | 'nova' | undefined
  /** Takes `cachePoint`: at all, and behind tools and for an hour. */
  readonly caches: 'never' | 'messages' | 'everywhere'
  /** Takes a schema for its answer, and for what it calls tools with. */
  readonly takesSchemas: boolean
  /** Takes ids of calls of nine letters and digits alone. */
  readonly hasShortIds: boolean
  readonly claude: ClaudeTraits
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html */
const withoutSchemas = /amazon\.nova|titan|llama|cohere|ai21|writer|deepseek\.r1|mixtral|pixtral|mistral-(?:7b|small|large-24)|claude-(?:v|2|3|instant)|claude-(?:opus|sonnet)-4-(?:[01]\b|\d{8})/

/** Vendors whose models take no `cachePoint`. */
const withoutCache = /titan|llama|mistral|mixtral|pixtral|cohere|ai21|deepseek|openai\.|qwen|gemma|minimax|moonshot|nvidia|writer|zai\./

/** Reads a model's id, which may be an inference profile or an ARN; of one that tells nothing all is assumed that Claude can do. */
export function traitsOf(model = ''): ModelTraits {
  const name = model.toLowerCase()
  const isNova = name.includes('amazon.nova')
  const isOther = withoutCache.test(name)
  const cachesLess = isNova ? 'messages' : 'everywhere'
  return {
    thinks: thinksOf(name, isNova, isOther),
    topK: topKOf(name, isNova, isOther),
    caches: isOther ? 'never' : cachesLess,
    takesSchemas: !withoutSchemas.test(name),
    hasShortIds: /mistral|mixtral|pixtral/.test(name),
    claude: claudeTraitsOf(name),
  }
}

function thinksOf(name: string, isNova: boolean, isOther: boolean): ModelTraits['thinks'] {
  if (isNova) return name.includes('nova-2') ? 'nova' : 'never'
  if (name.includes('openai.')) return 'word'
  return isOther ? 'never' : 'claude'
}

function topKOf(name: string, isNova: boolean, isOther: boolean): ModelTraits['topK'] {
  if (isNova) return 'nova'
  if (name.includes('cohere')) return 'k'
  return isOther && !name.includes('mistral') ? undefined : 'top_k'
}
