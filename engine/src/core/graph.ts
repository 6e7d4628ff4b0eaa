/** Two questions about a directed graph. Both walk with a stack of their own: a long chain must not end in a stack overflow. */

/** Every node that can be reached from the given ones, which are included. */
export function reach<Node>(from: Iterable<Node>, next: (node: Node) => Iterable<Node>): Set<Node> {
  const seen = new Set(from);
  const waiting = [...seen];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const neighbour of next(node)) {
      if (seen.has(neighbour)) continue;
      seen.add(neighbour);
      waiting.push(neighbour);
    }
  }
  return seen;
}

/**
 * Groups of nodes that lead to one another, each node in exactly one; within a group they keep the order of `nodes`.
 * @see Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972
 */
export function components(nodes: readonly string[], next: (node: string) => Iterable<string>): string[][] {
  const order = new Map(nodes.map((node, index) => [node, index]));
  const number = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const groups: string[][] = [];

  const enter = (node: string): Visit => {
    number.set(node, number.size);
    low.set(node, number.size - 1);
    open.push(node);
    isOpen.add(node);
    return { node, neighbours: [...next(node)].filter((neighbour) => order.has(neighbour)), at: 0 };
  };
  const lower = (node: string, to: number | undefined): void => {
    low.set(node, Math.min(low.get(node) ?? 0, to ?? Number.POSITIVE_INFINITY));
  };
  const leave = (node: string): void => {
    if (low.get(node) !== number.get(node)) return;
    const group = open.splice(open.lastIndexOf(node));
    for (const member of group) isOpen.delete(member);
    groups.push(group.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
  };

  for (const root of nodes) {
    if (number.has(root)) continue;
    const path: Visit[] = [enter(root)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const neighbour = visit.neighbours[visit.at++];
      if (neighbour === undefined) {
        path.pop();
        leave(visit.node);
        const parent = path.at(-1);
        if (parent !== undefined) lower(parent.node, low.get(visit.node));
      } else if (!number.has(neighbour)) {
        path.push(enter(neighbour));
      } else if (isOpen.has(neighbour)) {
        lower(visit.node, number.get(neighbour));
      }
    }
  }
  return groups;
}

interface Visit {
  readonly node: string;
  readonly neighbours: readonly string[];
  at: number;
}
