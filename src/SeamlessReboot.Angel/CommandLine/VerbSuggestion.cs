namespace SeamlessReboot.Angel.CommandLine;

/// <summary>What somebody may have meant by a verb that there is not.</summary>
internal static class VerbSuggestion
{
    private const int MostTypos = 2;

    /// <summary>What other supervisors call it.</summary>
    private static readonly (string Verb, string[] Elsewhere)[] _synonyms =
    [
        ("run", ["start", "launch", "exec", "up", "daemon"]),
        ("reboot", ["restart", "reload", "upgrade", "rollover"]),
        ("status", ["list", "ls", "ps", "show", "info"]),
        ("stop", ["end", "quit", "shutdown", "down", "terminate"]),
        ("kill", ["signal"]),
        ("checkpoint", ["save"]),
        ("spool", ["dump"]),
    ];

    /// <returns>Null when nothing is near.</returns>
    internal static string? For(string word, IEnumerable<string> verbs)
    {
        foreach ((string verb, string[] elsewhere) in _synonyms)
            if (elsewhere.Contains(word, StringComparer.OrdinalIgnoreCase))
                return verb;
        (string? Verb, int Typos) best = (null, Math.Min(MostTypos, word.Length / 2) + 1);
        foreach (string known in verbs)
            if (Typos(word.ToLowerInvariant(), known) is int typos && typos < best.Typos)
                best = (known, typos);
        return best.Verb;
    }

    /// <summary>Letters left out, put in, exchanged for another, or swapped with their neighbour (the distance of Damerau and Levenshtein).</summary>
    internal static int Typos(string a, string b)
    {
        int[,] distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }

                int exchanged = distance[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                distance[i, j] = Math.Min(exchanged, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    distance[i, j] = Math.Min(distance[i, j], distance[i - 2, j - 2] + 1);
            }

        return distance[a.Length, b.Length];
    }
}
