namespace Talker.Mail;

/// <summary>Everybody's mail, a file each. Thread-safe.</summary>
internal sealed class MailStore(string directory)
{
    private const int MostLetters = 50;
    private readonly Lock _gate = new();

    public IReadOnlyList<Letter> Read(string name)
    {
        lock (_gate)
            return Load(name);
    }

    /// <returns>False when the box is full.</returns>
    public bool Send(string to, Letter letter)
    {
        lock (_gate)
        {
            List<Letter> letters = Load(to);
            if (letters.Count >= MostLetters)
                return false;
            letters.Add(letter);
            DataFile.Write(PathOf(to), letters, FilesJson.Default.ListLetter);
            return true;
        }
    }

    public void Clear(string name)
    {
        lock (_gate)
            DataFile.Write(PathOf(name), [], FilesJson.Default.ListLetter);
    }

    private List<Letter> Load(string name) => DataFile.Read(PathOf(name), FilesJson.Default.ListLetter) ?? [];

    private string PathOf(string name) => Path.Combine(directory, name.ToLowerInvariant() + ".json");
}
