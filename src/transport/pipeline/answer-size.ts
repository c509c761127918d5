import type { ExecutionResult } from 'graphql'
import { JsonText } from '../../api/list-texts/json-text.ts'
import { badInput, type ParleyError } from '../../errors.ts'
import { clientError } from '../../api/masking.ts'
import type { UserId } from '../../ids.ts'

/** The most characters of names and values in one answer. A page of a hundred of the longest messages fits. */
export const MAX_ANSWER_CHARS = 4 * 1024 * 1024

/** Charges the characters of an answer to its viewer. */
export type ChargeAnswer = (viewerId: UserId, chars: number) => void

/**
 * Returns the result, or an error in its place if it is too long. A short document can ask for the same long text many
 * times under different aliases. The values of the result share that text in memory; its serialised form does not. The
 * cost is bounded: counting stops at the limit. `charge` is called with the characters, up to the limit.
 */
export function withinSize(
  result: ExecutionResult,
  charge: (chars: number) => void = () => undefined,
): ExecutionResult {
  const left = charsLeft(result.data, MAX_ANSWER_CHARS)
  charge(MAX_ANSWER_CHARS - Math.max(0, left))
  return left < 0 ? { errors: [clientError(tooLong())] } : result
}

/** Returns `left` minus the characters of the value. Negative as soon as that is certain. */
function charsLeft(value: unknown, left: number): number {
  if (typeof value === 'string') return left - value.length
  if (typeof value !== 'object' || value === null) return left - 1
  if (value instanceof JsonText) return left - value.chars
  let remaining = left
  for (const key in value) {
    remaining = charsLeft((value as Record<string, unknown>)[key], remaining - key.length)
    if (remaining < 0) return remaining
  }
  return remaining
}

function tooLong(): ParleyError {
  return badInput('The answer is longer than 4 MiB. Ask for shorter pages, fewer fields or fewer aliases.')
}
