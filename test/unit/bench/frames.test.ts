import { expect, test } from 'vitest'
import { framesIn } from '../../../bench/scroll/frames.ts'

const page = { pid: 7, tid: 1 }
const compositor = { pid: 7, tid: 2 }

function task(ts: number, tdur: number, thread: typeof page) {
  return { name: 'ThreadControllerImpl::RunTask', ph: 'X', ts, tdur, ...thread }
}

function frame(ts: number, thread: typeof page) {
  return { name: 'BeginMainThreadFrame', ph: 'I', ts, ...thread }
}

test('the work of a frame is that of all tasks of the page since the frame before', () => {
  const events = [
    frame(100, page),
    task(300, 4_000, page),
    task(200, 60_000, page),
    task(250, 90_000, compositor),
    { name: 'Paint', ph: 'X', ts: 260, tdur: 5_000, ...page },
    frame(400, page),
    task(410, 1_500, page),
    frame(500, page),
    task(510, 8_000, page),
    frame(520, compositor),
  ]
  expect(framesIn(events)).toEqual({ workMs: [64, 1.5], longTasks: 1 })
})

test('a trace without frames has none', () => {
  expect(framesIn([])).toEqual({ workMs: [], longTasks: 0 })
})
