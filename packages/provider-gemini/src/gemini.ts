import { defineProvider, type Provider } from '@sluice/provider'

/**
 * The Gemini API: https://ai.google.dev/api, and for chats and embeddings its OpenAI-compatible endpoint,
 * https://ai.google.dev/gemini-api/docs/openai.
 */
export const gemini: Provider = defineProvider({
  name: 'gemini',
  origin: 'https://generativelanguage.googleapis.com',
  base: '/v1beta/openai',
  speaks: {
    'openai-chat': {
      tokenLimit: { member: 'max_completion_tokens', replaces: ['max_tokens'] },
      extensions: ['extra_content'],
    },
    'openai-embeddings': {},
    gemini: { base: '/v1beta', counts: 'wrapped', tokenLimit: { member: 'generationConfig.maxOutputTokens' } },
    'gemini-embeddings': { base: '/v1beta' },
  },
  native: 'gemini',
})
