/** A session in chat mode, for servers that accept no token ids. The server renders the prompt and does not return it. */
import { InvariantError } from '../../../errors.ts';
import { escapeWarnings } from '../../../prompt/turn.ts';
import type { Beginning, Session } from '../../engine.ts';
import { estimatedTokens } from '../http/estimate.ts';
import { reports, type Place } from '../server/place.ts';
import type { Found } from '../server/signs.ts';
import { chat, type LearntOfChat } from './chat.ts';
import { switchWarnings, type Messages } from './chat-body.ts';

/** Role markers, line ends and the thinking switch, which the server's template adds to a system and a user message. */
const TEMPLATE_TOKENS = 24;

type MessagesBeginning = Beginning & { readonly messages: Messages };

/** Properties learnt in chat mode. They live as long as one description of the server. */
const LEARNT = new WeakMap<Found, LearntOfChat>();

export function chatSession(place: Place): Session {
  const { client, count, facts, dialect, found, onAnswer } = place;
  const learnt = LEARNT.get(found) ?? { splits: false };
  LEARNT.set(found, learnt);

  return {
    facts,
    ...reports(place),

    async render(question, { thinking }) {
      const text = [...question.system, ...question.user].map((part) => part.text).join('');
      const promptTokens = (count?.(text) ?? estimatedTokens(text)) + TEMPLATE_TOKENS;
      const beginning: MessagesBeginning = { promptTokens, exact: false, messages: { question, thinking } };
      const { family } = facts;
      return {
        beginning,
        thinking: 'hidden',
        opened: family.opensInPrompt ? 1 : 0,
        warnings: [
          ...place.warnings,
          ...escapeWarnings(question, family),
          ...switchWarnings(family, dialect, thinking),
        ],
      };
    },

    generate: (from, limits, { signal }) =>
      chat(
        {
          client,
          model: facts.model,
          family: facts.family,
          dialect,
          learnt,
          signal,
          onAnswer,
          ...(count && { count }),
        },
        messagesOf(from),
        limits,
      ),

    /** Chat mode cannot continue an answer, so the answer is generated again from the reasoning. */
    async extend(from, { reasoning }) {
      const { question } = messagesOf(from);
      // a model that always thinks needs the request to answer now, even if there are no notes yet
      const isQuoted = reasoning.trim() !== '' || facts.family.alwaysThinks === true;
      const messages = { question, thinking: false, ...(isQuoted && { reasoning }) };
      const beginning: MessagesBeginning = { promptTokens: from.promptTokens, exact: false, messages };
      return { beginning, closerTokens: 0, restartsAnswer: true };
    },

    // tokens over chat completions have no ids
    decode: () => Promise.reject(new InvariantError('decode was called in chat mode, which has no token ids')),
  };
}

function messagesOf(from: Beginning): Messages {
  if (!('messages' in from)) throw new InvariantError('this prompt was not rendered as messages');
  return (from as MessagesBeginning).messages;
}
