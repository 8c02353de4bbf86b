import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { Rng } from '../kit/seed.ts';
import { makeCreate, makeWrite, somePath, someVersion } from './generate-writes.ts';
import type { Model } from './model.ts';
import type { Step } from './step.ts';

/** Flags that name no mode, or one with a TTL that is not there, make 3.8 refuse the operation and 3.9 the whole request. */
const suits = (type: number, flags: number): boolean =>
  type === OpCode.createTTL ? flags === 5 || flags === 6 : flags >= 0 && flags <= 4;

function makeOp(rng: Rng, model: Model): MultiOp {
  for (;;) {
    if (rng.chance(20)) {
      return { type: OpCode.check, body: { path: somePath(rng, model), version: someVersion(rng) } };
    }
    if (rng.chance(50)) {
      const op = makeCreate(rng, model);
      if (suits(op.type, op.body.flags)) return op as MultiOp;
      continue;
    }
    const step = makeWrite(rng, model, 0);
    if (step.do === 'request' && (step.type === OpCode.delete || step.type === OpCode.setData)) {
      return { type: step.type, body: step.body } as MultiOp;
    }
  }
}

export function makeMulti(rng: Rng, model: Model, session: number): Step {
  const ops = Array.from({ length: rng.pick([0, 1, 1, 2, 2, 3, 4, 6]) }, () => makeOp(rng, model));
  // Operations on the nodes that the same multi makes, and takes away again.
  const first = ops.find((op) => op.type === OpCode.create);
  if (first !== undefined && rng.chance(40)) {
    const { path } = first.body;
    ops.push(
      rng.pick<MultiOp>([
        { type: OpCode.setData, body: { path, data: Buffer.from('again'), version: 0 } },
        { type: OpCode.delete, body: { path, version: -1 } },
        { type: OpCode.check, body: { path, version: 0 } },
        { ...first, body: { ...first.body, path: `${path}/below` } },
      ]),
    );
  }
  if (ops.length > 0 && rng.chance(2)) {
    ops.push({ type: OpCode.getData, body: { path: '/a', watch: false } });
  }
  return { do: 'multi', session, type: OpCode.multi, ops };
}

export function makeMultiRead(rng: Rng, model: Model, session: number): Step {
  const ops = Array.from(
    { length: rng.below(6) },
    (): MultiOp => ({
      type: rng.pick([OpCode.getData, OpCode.getChildren]),
      body: { path: somePath(rng, model), watch: false },
    }),
  );
  return { do: 'multi', session, type: OpCode.multiRead, ops };
}
