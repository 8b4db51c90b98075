namespace WorkedOut;

/// <summary>A file that is written through a buffer: what a reboot would lose, were it not flushed.</summary>
internal sealed class Journal
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly List<string> _lines = [];

    public Journal(string directory)
    {
        Directory.CreateDirectory(directory);
        _path = Path.Combine(directory, "journal.txt");
    }

    public void Add(string line)
    {
        lock (_gate)
            _lines.Add(line);
    }

    public Task FlushAsync(CancellationToken cancellationToken)
    {
        string[] lines;
        lock (_gate)
        {
            lines = [.. _lines];
            _lines.Clear();
        }

        return File.AppendAllLinesAsync(_path, lines, cancellationToken);
    }
}
