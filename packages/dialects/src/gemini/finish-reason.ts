import { FinishWords } from '../translate/finish-words.ts'

/** https://ai.google.dev/api/generate-content#FinishReason; calls end with STOP. */
export const finishReasons = new FinishWords({
  reasons: {
    STOP: 'stop',
    MAX_TOKENS: 'length',
    SAFETY: 'content_filter',
    RECITATION: 'content_filter',
    BLOCKLIST: 'content_filter',
    PROHIBITED_CONTENT: 'content_filter',
    SPII: 'content_filter',
    IMAGE_SAFETY: 'content_filter',
    IMAGE_PROHIBITED_CONTENT: 'content_filter',
    IMAGE_RECITATION: 'content_filter',
    IMAGE_OTHER: 'content_filter',
    NO_IMAGE: 'content_filter',
    MODEL_ARMOR: 'content_filter',
    // Nobody else has a word for these: the model gave up by itself.
    LANGUAGE: 'stop',
    OTHER: 'stop',
    MALFORMED_FUNCTION_CALL: 'stop',
    UNEXPECTED_TOOL_CALL: 'stop',
    TOO_MANY_TOOL_CALLS: 'stop',
    FINISH_REASON_UNSPECIFIED: 'stop',
  },
  words: { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', content_filter: 'SAFETY' },
})
