namespace SeamlessReboot.Angel.Posix;

/// <summary>One dup2 in the child that is being started; a close where <paramref name="To"/> is -1.</summary>
/// <param name="From">What is duplicated, or closed.</param>
/// <param name="To">The number it gets.</param>
internal readonly record struct DescriptorMove(int From, int To)
{
    /// <summary>
    /// The order in which descriptors come to their places from <paramref name="first"/> up without one being overwritten that is
    /// still to be moved. No descriptor is spent on it but one, where they would go round in a circle.
    /// </summary>
    /// <param name="sources">What is to become first, first + 1, ...; no number twice.</param>
    /// <param name="first">The first place.</param>
    internal static List<DescriptorMove> Plan(IReadOnlyList<int> sources, int first)
    {
        Dictionary<int, int> targetOf = [];
        for (int i = 0; i < sources.Count; i++)
            targetOf.Add(sources[i], first + i);
        List<DescriptorMove> moves = [];
        // One that is in its place already is duplicated onto itself, which takes close-on-exec off it.
        int spare = first + sources.Count;
        while (targetOf.ContainsKey(spare))
            spare++;
        HashSet<int> done = [];
        bool spent = false;
        foreach (int source in sources)
        {
            if (done.Contains(source))
                continue;
            // Follow the chain of descriptors that are in the way; the last of them moves first.
            List<int> chain = [source];
            int next = targetOf[source];
            while (next != source && targetOf.ContainsKey(next) && !done.Contains(next))
            {
                chain.Add(next);
                next = targetOf[next];
            }

            bool circle = next == source && chain.Count > 1;
            if (circle)
            {
                moves.Add(new DescriptorMove(source, spare));
                spent = true;
            }

            for (int i = chain.Count - 1; i >= 0; i--)
            {
                moves.Add(new DescriptorMove(circle && i == 0 ? spare : chain[i], targetOf[chain[i]]));
                done.Add(chain[i]);
            }
        }

        if (spent)
            moves.Add(new DescriptorMove(spare, -1));
        return moves;
    }
}
