import { defineProvider, type Provider } from '@sluice/provider'

/** Servers with OpenAI's API, as vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html. */
export const openaiCompatible: Provider = defineProvider({
  name: 'openai-compatible',
  speaks: {
    // The newer `max_completion_tokens` is unknown to many of these servers.
    'openai-chat': { tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] } },
    'openai-responses': { tokenLimit: { member: 'max_output_tokens' } },
    'openai-embeddings': {},
  },
  problems: ({ endpoint }) => (endpoint ? [] : ['openai-compatible requires override.endpoint']),
})
