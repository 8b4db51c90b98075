using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies Markdown files for a package, with links that work there. A link to a file of the package stays. Any other one becomes a link
/// into the repository where its address is known, and plain text where it is not.
/// </summary>
public class CopyDocuments : Task
{
    [Required]
    public ITaskItem[] Documents { get; set; }

    /// <summary>The names of what else is in the package.</summary>
    public string[] Packed { get; set; } = new string[0];

    [Required]
    public string Folder { get; set; }

    /// <summary>What a path in the repository is put after, as https://example.org/project/blob/main/; empty where there is none.</summary>
    public string LinkBase { get; set; } = "";

    public override bool Execute()
    {
        Directory.CreateDirectory(Folder);
        string[] packed = Packed.Concat(Documents.Select(d => Path.GetFileName(d.ItemSpec))).ToArray();
        foreach (ITaskItem document in Documents)
        {
            string text = Regex.Replace(File.ReadAllText(document.ItemSpec), @"\[(?<text>[^\[\]]*)\]\((?![a-z]+:|#)(?<path>[^()#]*)(?<anchor>#[^()]*)?\)", link =>
                LinkBase.Length > 0 ? $"[{link.Groups["text"]}]({LinkBase}{link.Groups["path"]}{link.Groups["anchor"]})"
                : packed.Contains(link.Groups["path"].Value) ? link.Value
                : link.Groups["text"].Value);
            File.WriteAllText(Path.Combine(Folder, Path.GetFileName(document.ItemSpec)), text);
        }

        return true;
    }
}
