using System.Text;

namespace SeamlessReboot.Angel.Children;

/// <summary>The last lines of what the server has written to its standard error.</summary>
internal sealed class LastWords
{
    private const int MostLines = 20, LongestLine = 1000;
    private readonly Queue<string> _lines = new();
    private readonly List<byte> _begun = [];

    /// <summary>The oldest first, an unfinished one last.</summary>
    internal IReadOnlyList<string> Lines => _begun.Count == 0 ? [.. _lines] : [.. _lines.Skip(_lines.Count == MostLines ? 1 : 0), Readable(_begun)];

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)'\n');
            ReadOnlySpan<byte> part = end < 0 ? bytes : bytes[..end];
            _begun.AddRange(part[..Math.Min(part.Length, LongestLine - _begun.Count)]);
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (end >= 0)
                Finish();
        }
    }

    internal void Add(IEnumerable<string> lines)
    {
        foreach (string line in lines)
            Add(Encoding.UTF8.GetBytes(line + "\n"));
    }

    internal void Clear()
    {
        _lines.Clear();
        _begun.Clear();
    }

    private void Finish()
    {
        _lines.Enqueue(Readable(_begun));
        _begun.Clear();
        if (_lines.Count > MostLines)
            _lines.Dequeue();
    }

    // It is shown in logs and on terminals: nothing that could steer one.
    private static string Readable(List<byte> line)
    {
        StringBuilder text = new(Encoding.UTF8.GetString([.. line]));
        for (int i = 0; i < text.Length; i++)
            if (char.IsControl(text[i]))
                text[i] = ' ';
        return text.ToString().TrimEnd();
    }
}
