import { FinishWords } from '../translate/finish-words.ts'

/** https://docs.anthropic.com/en/api/handling-stop-reasons */
export const stopReasons = new FinishWords({
  reasons: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    pause_turn: 'stop',
    compaction: 'stop',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    tool_use: 'tool_calls',
    refusal: 'content_filter',
  },
  words: { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' },
  stopSequence: 'stop_sequence',
})
