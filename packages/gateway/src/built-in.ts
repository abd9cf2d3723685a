import { aiProxy, type OutboundProxy } from '@sluice/ai-proxy'
import { basicAuth } from '@sluice/basic-auth'
import { consumerRestriction } from '@sluice/consumer-restriction'
import { cors } from '@sluice/cors'
import { httpProxy } from '@sluice/http-proxy'
import { ipRestriction } from '@sluice/ip-restriction'
import { jwtAuth } from '@sluice/jwt-auth'
import type { Plugin } from '@sluice/kernel'
import { keyAuth } from '@sluice/key-auth'
import { limitCount } from '@sluice/limit-count'
import { promptDecorator } from '@sluice/prompt-decorator'
import { promptTemplate } from '@sluice/prompt-template'
import type { Provider } from '@sluice/provider'
import { aimlapi } from '@sluice/provider-aimlapi'
import { anthropic } from '@sluice/provider-anthropic'
import { azureOpenai } from '@sluice/provider-azure-openai'
import { bedrock } from '@sluice/provider-bedrock'
import { deepseek } from '@sluice/provider-deepseek'
import { gemini } from '@sluice/provider-gemini'
import { openai } from '@sluice/provider-openai'
import { openaiCompatible } from '@sluice/provider-openai-compatible'
import { openrouter } from '@sluice/provider-openrouter'
import { vertexAi } from '@sluice/provider-vertex-ai'
import { proxyRewrite } from '@sluice/proxy-rewrite'
import { requestId } from '@sluice/request-id'
import { responseRewrite } from '@sluice/response-rewrite'

/** The providers that come with the gateway, in the order of the documentation. */
export const providers: readonly Provider[] = [
  openai,
  deepseek,
  azureOpenai,
  anthropic,
  aimlapi,
  openrouter,
  gemini,
  vertexAi,
  bedrock,
  openaiCompatible,
]

export interface BuiltInOptions {
  readonly proxy?: OutboundProxy
  readonly gcpServiceAccount?: string
}

/** The plugins that come with the gateway. */
export function builtInPlugins(options: BuiltInOptions = {}): Plugin[] {
  return [aiProxy({ providers, ...options }), promptTemplate, promptDecorator, keyAuth, basicAuth, jwtAuth, consumerRestriction, requestId, cors, ipRestriction, limitCount, proxyRewrite, responseRewrite, httpProxy()]
}
